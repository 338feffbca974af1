library(shiny)

start <- as.POSIXct("1970-01-01", tz = "UTC")

# One of each of Shiny's own inputs; `said` shows what the server knows of them.
ui <- navbarPage("inputs", id = "place",
  tabPanel("first", value = "first",
    textInput("text", "text", "begin"), textAreaInput("area", "area"), numericInput("number", "number", 1),
    passwordInput("pass", "pass"), sliderInput("slide", "slide", 0, 100, 10), sliderInput("range", "range", 0, 1, c(0.1, 0.2), 0.1),
    sliderInput("day", "day", as.Date("2026-01-01"), as.Date("2026-12-31"), as.Date("2026-02-01")),
    sliderInput("moment", "moment", start, start + 86400, start + 3600, 60),
    dateInput("date", "date", "2026-01-01"), dateRangeInput("dates", "dates", "2026-01-01", "2026-01-31"),
    selectInput("choice", "choice", letters), selectInput("of_choice", "of the choice", "only"),
    selectInput("many", "many", letters, multiple = TRUE),
    selectInput("bare", "bare", letters, selectize = FALSE), selectizeInput("served", "served", NULL),
    checkboxInput("check", "check"), checkboxGroupInput("checks", "checks", letters[1:4]),
    radioButtons("radio", "radio", letters[1:3]), actionButton("go", "go"), fileInput("file", "file")
  ),
  tabPanel("second", value = "second",
    tabsetPanel(id = "inner", tabPanel("one"), tabPanel("two", uiOutput("later"))),
    plotOutput("plot", brush = "area_of_plot", height = 200), div(style = "height: 3000px"), verbatimTextOutput("said")
  )
)

server <- function(input, output, session) {
  updateSelectizeInput(session, "served", choices = sprintf("item %05d", 1:20000), server = TRUE)
  observeEvent(input$choice, if (input$choice != "a") updateSelectInput(session, "of_choice", choices = c("first", "second")))
  output$later <- renderUI({
    Sys.sleep(0.5)
    tagList(textInput("late", "late", input$text), uiOutput("latest"))
  })
  output$latest <- renderUI(selectInput("latest_one", "latest", c("x", "y", input$late)))
  output$plot <- renderPlot(plot(1:10))
  output$said <- renderText({
    known <- reactiveValuesToList(input)
    known$pass <- known$file <- NULL
    known$told <- Sys.getenv("SANDBOX_CONTROL", "nothing")
    paste(sort(paste0(names(known), "=", vapply(known, function(one) paste(format(one), collapse = ","), ""))), collapse = "\n")
  })
  outputOptions(output, "said", suspendWhenHidden = FALSE)
}

shinyApp(ui, server)
