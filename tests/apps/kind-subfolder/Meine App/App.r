library(shiny)

source("helfer.r")
ui <- fluidPage(tags$link(href = "stil.css", rel = "stylesheet"), textOutput("said"))
server <- function(input, output, session) {
  output$said <- renderText(paste(gruss(), basename(getwd())))
}
shinyApp(ui, server)
