library(shiny)

# It works until somebody takes away what it needs, as a database that goes down.
prices <- function() {
  if (file.exists("/tmp/database-is-down")) stop("could not connect to the database")
  3
}

server <- function(input, output, session) {
  price <- prices()
  output$price <- renderText(price)
}

shinyApp(fluidPage(textOutput("price")), server)
