library(shiny); shinyApp(fluidPage(), function(input, output) NULL)
