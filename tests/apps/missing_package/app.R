library(shiny)
library(notapackageatall)

shinyApp(fluidPage("never"), function(input, output, session) NULL)
