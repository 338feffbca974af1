library(shiny)

ui <- fluidPage(
  titlePanel("Sales"),
  selectInput("region", "Region", c("north", "south", "east"), selectize = FALSE),
  sliderInput("years", "Years", 1, 20, 5),
  textOutput("said")
)

server <- function(input, output, session) {
  output$said <- renderText({
    message("asked for ", input$region)
    paste(input$region, "over", input$years, "years")
  })
}

shinyApp(ui, server)
