library(shiny)

server <- function(input, output, session) {
  session$close()
}

shinyApp(fluidPage("closes"), server)
