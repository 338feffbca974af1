library(shiny)
library(zoo)

server <- function(input, output, session) {
  output$mean <- renderText(paste("mean:", rollmean(zoo(1:3), 3)))
}

shinyApp(fluidPage(textOutput("mean")), server)
