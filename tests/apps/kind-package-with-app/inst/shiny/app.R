library(shiny)
library(stockapp)

shinyApp(fluidPage(textOutput("said")), function(input, output) output$said <- renderText(words()))
