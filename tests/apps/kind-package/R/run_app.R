#' Run the app
run_app <- function(...) {
  addResourcePath("own", system.file("app/www", package = "salesapp"))
  shinyApp(ui = app_ui, server = app_server)
}
