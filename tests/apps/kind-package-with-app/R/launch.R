words <- function() "from the package's own function"
launch <- function() shiny::runApp(system.file("shiny", package = "stockapp"))
