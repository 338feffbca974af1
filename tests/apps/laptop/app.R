library(shiny)
library(bslib)
library(ggplot2)

# What an app finds on a laptop: a writable folder, fonts, a theme of its own, the time zone.
database <- DBI::dbConnect(RSQLite::SQLite(), "visits.sqlite")
DBI::dbExecute(database, "create table if not exists visit (at text)")

ui <- page_fluid(
  theme = bs_theme(primary = "#7a1f5c", base_font = "Liberation Sans"),
  textOutput("visits"),
  textOutput("clock"),
  textOutput("locale"),
  plotOutput("plot", width = "400px", height = "200px")
)

server <- function(input, output, session) {
  DBI::dbExecute(database, "insert into visit values (datetime('now'))")
  output$visits <- renderText(paste("visits:", DBI::dbGetQuery(database, "select count(*) n from visit")$n))
  output$clock <- renderText(format(Sys.time(), "%Z"))
  output$locale <- renderText(paste(toupper("ä"), nchar("日本")))
  output$plot <- renderPlot(
    ggplot(data.frame(x = 1, y = 1, text = "ä 日"), aes(x, y, label = text)) +
      geom_text(size = 30) +
      theme_void()
  )
}

shinyApp(ui, server)
