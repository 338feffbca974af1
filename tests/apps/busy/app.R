# Whoever clicks keeps R busy for a while.
library(shiny)

ui <- fluidPage(actionButton("more", "one more"), textOutput("count"))

server <- function(input, output, session) {
  count <- reactiveVal(0)
  observeEvent(input$more, {
    Sys.sleep(20)
    count(count() + 1)
  })
  output$count <- renderText(count())
}

shinyApp(ui, server)
