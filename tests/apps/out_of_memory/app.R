library(shiny)

message("filling the memory")
held <- list()
repeat held[[length(held) + 1]] <- rnorm(1e7)

shinyApp(fluidPage("never"), function(input, output, session) NULL)
