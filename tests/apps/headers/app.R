library(shiny)

# Shows what came with the request that opened the session.
server <- function(input, output, session) {
  request <- session$request
  names <- grep("^HTTP_", ls(request), value = TRUE)
  output$headers <- renderText(paste0(names, ": ", unlist(mget(names, envir = request)), collapse = "\n"))
}

shinyApp(fluidPage(verbatimTextOutput("headers")), server)
