library(shiny)

ui <- fluidPage(textOutput("good"), textOutput("bad"), textOutput("empty"))

server <- function(input, output, session) {
  output$good <- renderText("fine")
  output$bad <- renderText({
    stop("this output is broken")
  })
  output$empty <- renderText(validate(need(FALSE, "choose something first")))
}

shinyApp(ui, server)
