library(shiny)

ui <- function(request) {
  fluidPage(textInput("name", "name", "nobody"), fileInput("data", "data"), bookmarkButton(), textOutput("greeting"))
}

server <- function(input, output, session) {
  output$greeting <- renderText(paste("hello", input$name, readLines(req(input$data)$datapath)))
  onBookmarked(function(url) showNotification(url, id = "url", duration = NULL))
}

shinyApp(ui, server, enableBookmarking = "server")
