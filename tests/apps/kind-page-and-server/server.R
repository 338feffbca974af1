function(input, output, session) output$said <- shiny::renderText("from server.R")
