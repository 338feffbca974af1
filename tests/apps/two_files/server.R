function(input, output, session) {
  output$greeting <- renderText("hello from server.R")
}
