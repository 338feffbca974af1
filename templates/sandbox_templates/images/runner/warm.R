# Warm: a process that has R and a library loaded, and waits on its standard input for an app. Nothing is attached: a
# missing library() must fail here as it does anywhere else.

start_warm <- function() {
  prepare_process()
  load_ahead(strsplit(Sys.getenv("SANDBOX_PACKAGES"), ",", fixed = TRUE)[[1]])
  Sys.unsetenv("SANDBOX_PACKAGES")
  door <- serverSocket(port) # who can connect knows that this one is ready
  said <- receive()
  close(door)
  renew_randomness()
  if (length(said$environment)) do.call(Sys.setenv, as.list(said$environment))
  start_app(said)
}

# What cannot be loaded is left to the app, which then says so itself.
load_ahead <- function(packages) {
  serves_pages <- "shiny" %in% packages
  for (package in c(packages, if (serves_pages) page_packages())) {
    try(suppressWarnings(suppressMessages(loadNamespace(package))), silent = TRUE)
  }
  if (serves_pages) try(make_page(), silent = TRUE)
}

# With its first page Shiny loads these, and of every package the functions that make it.
page_packages <- function() c("bslib", "sass", "cachem", "jquerylib", "fontawesome", "commonmark", "jsonlite")

make_page <- function() {
  text <- "<html><head>{{ headContent() }}</head><body>{{ page }}</body></html>"
  page <- shiny::fluidPage(shiny::titlePanel("title"), shiny::actionButton("id", "label"), shiny::textOutput("id"))
  htmltools::renderDocument(htmltools::htmlTemplate(text_ = text, page = page, document_ = TRUE))
}

# First the length of what is said, then what is said (JSON), then the files in the order in which it names them.
receive <- function() {
  input <- file("stdin", "rb")
  on.exit(close(input))
  said <- jsonlite::fromJSON(rawToChar(read_all(input, readBin(input, "integer", 1L, endian = "big"))))
  unpack(said$files, function(size) read_all(input, size))
  said
}

read_all <- function(input, size) {
  if (length(size) != 1L) quit(save = "no", status = 0L) # nobody wants this process any more
  bytes <- raw(size)
  at <- 0
  while (at < size) {
    part <- readBin(input, "raw", size - at)
    if (!length(part)) quit(save = "no", status = 1L) # whoever sent it was ended: half an app is none
    bytes[at + seq_along(part)] <- part
    at <- at + length(part)
  }
  bytes
}

unpack <- function(files, read) {
  for (folder in files$path[files$folder]) dir.create(file.path(scratch, folder), showWarnings = FALSE)
  plain <- files[!files$folder, ]
  paths <- file.path(scratch, plain$path)
  for (index in seq_along(paths)) writeBin(read(plain$size[[index]]), paths[[index]], useBytes = TRUE)
  Sys.chmod(paths, ifelse(plain$executable, "755", "644"))
  Sys.setFileTime(paths, as.POSIXct(plain$modified, origin = "1970-01-01"))
  mark_top()
}

# Every process draws numbers of its own, also where loading a package has drawn some.
renew_randomness <- function() {
  if (exists(".Random.seed", globalenv(), inherits = FALSE)) set.seed(NULL)
}
