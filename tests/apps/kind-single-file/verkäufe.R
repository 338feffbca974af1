library(shiny)

ui <- fluidPage(h1("One file"), textOutput("said"))
server <- function(input, output, session) output$said <- renderText("from verkäufe.R")

runApp(list(ui = ui, server = server), port = 7777, launch.browser = TRUE)
