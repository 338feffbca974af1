# Plumber: a router made by comments in a file, or one that entrypoint.R returns.

start_plumber <- function(entry) {
  library(plumber) # who runs an API has it attached, and code relies on its `%>%`
  setwd(folder_of(entry))
  serve <- hand_over_instead_of_serving()
  router <- for_people(in_words(router_of(basename(entry))))
  environment(serve) <- environment(router$run)
  in_words(serve(host = host, port = port, quiet = TRUE))
}

# Scripts end in $run(port = 8000) to be run by hand; here they are asked for their router.
hand_over_instead_of_serving <- function() {
  serve <- Plumber$public_methods$run
  Plumber$set("public", "run", function(...) self, overwrite = TRUE)
  serve
}

router_of <- function(file) {
  if (tolower(file) == "_server.yml") return(router_of_settings(yaml::read_yaml(file)))
  if (tolower(file) == "entrypoint.r") plumber::plumb(dir = ".") else plumber::plumb(file)
}

router_of_settings <- function(said) {
  if (is.character(said$constructor)) {
    return(source(said$constructor, local = new.env(parent = globalenv()), chdir = TRUE)$value)
  }
  files <- unlist(said$routes)
  if (length(files) == 1L) return(plumber::plumb(files))
  router <- plumber::pr()
  for (file in files) router <- plumber::pr_mount(router, "/", plumber::plumb(file))
  router
}

# People who open an API that has no page of its own at "/" want its description, not an error of a machine. It is a page
# like all others: in a sandbox it says which version it is.
for_people <- function(router) {
  pages$frame <- frame_script()
  answer <- router$call
  unlockBinding("call", router)
  router$call <- function(request) {
    path <- request$PATH_INFO # mounting takes its part of it away
    response <- answer(request)
    if (!wants_page(request) || !is.list(response)) return(response)
    if (identical(path, "/") && identical(as.integer(response$status), 404L) && has_docs(router)) return(lead_to_docs)
    if (startsWith(path, "/__docs__/")) docs_with_frame(response) else response
  }
  router
}

lead_to_docs <- list(status = 302L, headers = list(Location = "/__docs__/", "Cache-Control" = "no-store"), body = "")

wants_page <- function(request) grepl("text/html", paste(request$HTTP_ACCEPT), fixed = TRUE) && is_page_load(request)

has_docs <- function(router) "/__docs__/" %in% names(router$mounts)

docs_with_frame <- function(response) {
  html <- response$body
  if (is.character(html)) html <- charToRaw(paste(enc2utf8(html), collapse = "\n"))
  at <- if (is.raw(html)) head_end(html)
  if (is.null(at)) return(response)
  response$body <- c(html[seq_len(at)], pages$frame, html[seq_along(html) > at])
  response$headers[tolower(names(response$headers)) == "content-length"] <- NULL
  response
}
