library(shiny)

ui <- fluidPage(
  titlePanel("hello"),
  textOutput("greeting"),
  actionButton("more", "one more"),
  textOutput("count"),
  downloadButton("file", "download")
)

server <- function(input, output, session) {
  count <- reactiveVal(0)
  observeEvent(input$more, count(count() + 1))
  output$greeting <- renderText(paste("hello from", Sys.getenv("SANDBOX_DEPLOYMENT", "a laptop")))
  output$count <- renderText(count())
  output$file <- downloadHandler("count.txt", function(file) writeLines(as.character(isolate(count())), file))
}

shinyApp(ui, server)
