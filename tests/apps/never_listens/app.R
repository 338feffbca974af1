library(shiny)

message("waiting for something that never comes")
Sys.sleep(3600)

shinyApp(fluidPage("never"), function(input, output, session) NULL)
