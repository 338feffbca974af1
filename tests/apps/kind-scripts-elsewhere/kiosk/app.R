source("ui/ui.R", local = TRUE)
source("server/server.R", local = TRUE)
shinyApp(ui, server)
