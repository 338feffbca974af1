# Documents with a Shiny session of their own.

start_rmarkdown <- function(entry) {
  prepare_shiny()
  setwd(folder_of(entry))
  in_words(rmarkdown::run(
    basename(entry), default_file = basename(entry), auto_reload = FALSE,
    render_args = list(envir = globalenv(), quiet = TRUE),
    shiny_args = list(
      port = port, host = host, launch.browser = FALSE, quiet = TRUE, workerId = Sys.getenv("SANDBOX_WORKER")
    )
  ))
}

quarto <- "/opt/quarto/bin/quarto"

start_quarto <- function(entry) {
  if (!file.exists(quarto)) return(start_rmarkdown(entry))
  setwd(folder_of(entry))
  profile <- file.path(runner, "main.R")
  Sys.setenv(
    SANDBOX_CHILD = "yes", R_PROFILE_USER = profile, SANDBOX_SECRET = door$secret, SANDBOX_CONTROL = framed$control
  )
  status <- system2(quarto, c(
    "serve", shQuote(basename(entry)), "--no-browser", "--port", port, "--host", host
  ))
  quit(save = "no", status = status)
}

# Quarto serves from an R process of its own, in which this file stands in for the project's profile.
start_child <- function() {
  Sys.unsetenv(c("SANDBOX_CHILD", "R_PROFILE_USER"))
  take_secret()
  take_frame()
  setHook(packageEvent("shiny", "onLoad"), function(...) {
    options(shiny.http.response.filter = inject)
    get("workerId", asNamespace("shiny"))(Sys.getenv("SANDBOX_WORKER"))
    prepare_pages()
    observe_sessions()
    keep_bookmarks()
  })
  run_profile()
}
