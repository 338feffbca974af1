# Shiny: a folder (app.R, or server.R with ui.R or www/index.html), one file, or a package with a function that runs it.

start_shiny <- function(entry) {
  prepare_shiny()
  if (needs_own_package(entry)) install_own_package()
  if (basename(entry) == "DESCRIPTION") return(run_shiny(in_words(app_of_package())))
  setwd(folder_of(entry))
  run_shiny(place_of(basename(entry)))
}

# In a folder Shiny prefers server.R; where app.R was chosen all the same, that file is named.
place_of <- function(name) {
  others <- tolower(list.files())
  is_folder <- tolower(name) == "server.r" || (tolower(name) == "app.r" && !"server.r" %in% others)
  if (is_folder) getwd() else normalizePath(name)
}

prepare_shiny <- function() {
  options(shiny.http.response.filter = inject, shiny.autoreload = FALSE, shiny.port = port, shiny.host = host)
  suppressPackageStartupMessages(library(shiny)) # attached, as for whoever starts the app by hand
  replace_exported("shiny", "stopApp", keep_running)
  prepare_pages()
  observe_sessions()
  keep_bookmarks()
}

# On a laptop an app may end when its page is closed. Here others use it too.
keep_running <- function(returnValue = invisible()) {
  note("stopApp() is left out: others may be using the app")
  invisible()
}

run_shiny <- function(app) {
  run <- shiny::runApp
  hand_over_instead_of_running(environment(run))
  run_it <- function(app) run(
    app, port = port, host = host, launch.browser = FALSE, quiet = TRUE, workerId = Sys.getenv("SANDBOX_WORKER")
  )
  tryCatch(in_words(run_it(app)), error = function(problem) {
    if (!gave_no_app(problem)) stop(problem)
    in_words(run_it(file_that_gives(app_somewhere_in(app))))
  })
}

# Scripts end in runApp() to be run by hand; here they are asked for their app, and one cannot run inside another.
hand_over_instead_of_running <- function(namespace) {
  hand_over <- function(appDir = getwd(), ...) shiny::as.shiny.appobj(appDir)
  for (place in list(namespace, as.environment("package:shiny"))) {
    replace_in(place, "runApp", hand_over)
  }
}

# A file whose last line is not the app: RStudio runs it piece by piece, with somebody there who looks.

gave_no_app <- function(problem) grepl("did not return a shiny.appobj", conditionMessage(problem), fixed = TRUE)

app_somewhere_in <- function(place) {
  folder <- if (dir.exists(place)) place else dirname(place)
  file <- if (dir.exists(place)) list.files(place, "^app[.]r$", ignore.case = TRUE, full.names = TRUE)[[1]] else place
  shared <- new.env(parent = globalenv())
  shared$interactive <- function() TRUE
  shiny::loadSupport(folder, renv = shared, globalrenv = NULL)
  own <- new.env(parent = shared)
  apps <- lapply(parse(file, keep.source = TRUE, encoding = "UTF-8"), eval, own)
  apps <- Filter(shiny::is.shiny.appobj, apps)
  if (length(apps)) return(apps[[length(apps)]])
  if (!exists("ui", own) || !exists("server", own)) stop(basename(file), " makes no app: it calls no shinyApp()")
  shiny::shinyApp(get("ui", own), get("server", own))
}

file_that_gives <- function(app) {
  options(sandbox.app = app)
  file <- file.path(getwd(), ".sandbox-app.R") # beside the app's own, so that its folders are found
  writeLines("getOption('sandbox.app')", file)
  file
}

# Packages.

needs_own_package <- function(entry) {
  name <- own_package()
  if (is.null(name)) return(FALSE)
  if (basename(entry) == "DESCRIPTION") return(TRUE)
  code <- code_below(folder_of(entry))
  used <- sprintf("(library|require|requireNamespace)\\(['\"]?%s\\b|\\b%s::", name, name)
  any(grepl(used, code)) && !any(grepl("load_all(", code, fixed = TRUE))
}

own_package <- function() {
  if (!file.exists("DESCRIPTION") || !dir.exists("R")) return(NULL)
  said <- tryCatch(read.dcf("DESCRIPTION", "Package")[[1]], error = function(problem) NA)
  if (!is.na(said) && grepl("^[A-Za-z][A-Za-z0-9.]+$", said)) gsub(".", "\\.", said, fixed = TRUE)
}

code_below <- function(folder) {
  files <- list.files(folder, "[.][Rr]$", recursive = !identical(normalizePath(folder), scratch), full.names = TRUE)
  unlist(lapply(files, readLines, warn = FALSE))
}

install_own_package <- function() {
  library <- file.path(tempdir(), "library")
  dir.create(library)
  flags <- c("--no-docs", "--no-byte-compile", "--no-test-load", "--no-multiarch", paste0("--library=", library))
  output <- suppressWarnings(
    system2(file.path(R.home("bin"), "R"), c("CMD", "INSTALL", flags, scratch), stdout = TRUE, stderr = TRUE)
  )
  if (!is.null(attr(output, "status"))) {
    cat(output, sep = "\n", file = stderr())
    note("the package in this folder could not be installed")
  }
  .libPaths(c(library, .libPaths()))
}

app_of_package <- function() {
  name <- read.dcf("DESCRIPTION", "Package")[[1]]
  library(name, character.only = TRUE)
  namespace <- asNamespace(name)
  runs <- Filter(function(one) makes_app(namespace[[one]]), getNamespaceExports(namespace))
  chosen <- c(intersect(c("run_app", "runApp", "run", "launch_app", "launch"), getNamespaceExports(namespace)), runs)
  if (!length(chosen)) stop("the package ", name, " exports no function that runs an app, such as run_app()")
  hand_over_instead_of_running(environment(shiny::shinyApp))
  shiny::as.shiny.appobj(namespace[[chosen[[1]]]]())
}

makes_app <- function(one) {
  is.function(one) && any(c("shinyApp", "shinyAppDir", "runApp") %in% all.names(body(one)))
}
