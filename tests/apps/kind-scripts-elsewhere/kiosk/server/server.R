server <- function(input, output) output$said <- renderText(from_everywhere())
