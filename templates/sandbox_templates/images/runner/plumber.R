# Plumber: a router made by comments in a file, or one that entrypoint.R returns.

start_plumber <- function(entry) {
  library(plumber) # who runs an API has it attached, and code relies on its `%>%`
  setwd(folder_of(entry))
  serve <- hand_over_instead_of_serving()
  router <- in_words(router_of(basename(entry)))
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
