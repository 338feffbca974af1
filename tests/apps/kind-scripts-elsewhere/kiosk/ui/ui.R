ui <- fluidPage(textOutput("said"))
