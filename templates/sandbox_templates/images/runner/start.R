# What every kind of app has in common. Each kind starts on `port` and returns when it has ended.

port <- 3838L
host <- "0.0.0.0"
bundle <- "/opt/sandbox/app"
scratch <- "/app"

start <- function() {
  said <- jsonlite::fromJSON("/opt/sandbox/start.json")
  if (said$kind == "warm") return(start_warm())
  prepare_process()
  if (said$kind == "static") return(start_static(said$entry)) # needs no copy
  copy_bundle()
  start_app(said)
}

# Its files are in the scratch folder, its variables are set.
start_app <- function(said) {
  take_secret()
  take_frame()
  mend_encodings()
  setwd(scratch)
  answer_as_editor(file.path(scratch, said$entry))
  run_profile()
  switch(said$kind,
    shiny = start_shiny(said$entry),
    "rmd-shiny" = start_rmarkdown(said$entry),
    "quarto-shiny" = start_quarto(said$entry),
    plumber = start_plumber(said$entry),
    rmd = , quarto = start_document(said$entry)
  )
}

# A laptop runs the project's profile too, and goes on where it fails. What installs packages in it is switched off:
# they are in the image.
run_profile <- function() {
  if (!file.exists(".Rprofile")) return()
  text <- paste(readLines(".Rprofile", warn = FALSE), collapse = "\n")
  for (file in c("renv/activate.R", "packrat/init.R")) {
    if (!file.exists(file) && !grepl(file, text, fixed = TRUE, useBytes = TRUE)) next
    dir.create(dirname(file), showWarnings = FALSE)
    unlink(file)
    file.create(file)
  }
  tryCatch(
    in_words(sys.source(".Rprofile", envir = globalenv(), keep.source = TRUE)),
    error = function(problem) {
      note(".Rprofile failed, and the app starts without the rest of it: ", conditionMessage(problem))
    }
  )
}

note <- function(...) cat("sandbox: ", ..., "\n", sep = "", file = stderr())

folder_of <- function(entry) file.path(scratch, dirname(entry))
