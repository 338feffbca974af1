library(shiny)

options(shiny.error = function() cat("the app's own\n"))

ui <- fluidPage(
  actionButton("crash", "crash"), actionButton("flood", "flood"), actionButton("leave", "leave"),
  textOutput("fine"), textOutput("failing"), textOutput("silent"), textOutput("invalid"), textOutput("ticking")
)

server <- function(input, output, session) {
  session$onSessionEnded(function() stop("the app's own end fails"))
  output$fine <- renderText("fine")
  output$failing <- renderText(stop("no price for pears"))
  output$silent <- renderText(req(FALSE))
  output$invalid <- renderText(validate(need(FALSE, "choose one")))
  output$ticking <- renderText({
    if (input$flood > 0) {
      invalidateLater(5)
      stop("again")
    }
  })
  observeEvent(input$crash, {
    log("not a number")
  })
  observeEvent(input$leave, session$close())
}

shinyApp(ui, server)
