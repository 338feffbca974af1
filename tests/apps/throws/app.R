library(shiny)

server <- function(input, output, session) {
  prices <- list(apples = 3)
  stop("no price for pears")
}

shinyApp(fluidPage("throws"), server)
