library(shiny)

# Shows what the instance was given.
server <- function(input, output, session) {
  names <- c(
    "GREETING", "SANDBOX_APP", "SANDBOX_BRANCH", "SANDBOX_SCOPE", "SANDBOX_URL", "SANDBOX_DEPLOYMENT",
    "R_CONFIG_ACTIVE", "TZ"
  )
  output$environment <- renderText(paste0(names, "=", Sys.getenv(names), collapse = "\n"))
}

shinyApp(fluidPage(verbatimTextOutput("environment")), server)
