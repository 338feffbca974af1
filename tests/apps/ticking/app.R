library(shiny)

ui <- fluidPage(
  titlePanel("ticking"),
  textOutput("tick"),
  textOutput("version"),
  textOutput("received"),
  fileInput("file", "upload"),
  downloadButton("mine", "download")
)

server <- function(input, output, session) {
  ticks <- reactiveVal(0)
  observe({
    invalidateLater(1000)
    ticks(isolate(ticks()) + 1)
  })
  output$tick <- renderText(ticks())
  output$version <- renderText(Sys.getenv("SANDBOX_DEPLOYMENT", "a laptop"))
  output$received <- renderText({
    req(input$file)
    readLines(input$file$datapath, warn = FALSE)
  })
  output$mine <- downloadHandler("mine.txt", function(file) {
    writeLines(paste(session$token, Sys.getenv("SANDBOX_DEPLOYMENT")), file)
  })
}

shinyApp(ui, server)
