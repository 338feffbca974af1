app_ui <- function(request) fluidPage(tags$link(href = "own/own.css", rel = "stylesheet"), textOutput("said"))
app_server <- function(input, output, session) output$said <- renderText("from a package")
