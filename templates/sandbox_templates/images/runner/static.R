# Files that are served as they are. What begins with a dot is nobody's business, nor is what is meant for the platform.

start_static <- function(entry) serve_folder(file.path(bundle, dirname(entry)))

serve_folder <- function(folder) {
  folder <- normalizePath(folder)
  paths <- list("/" = httpuv::staticPath(folder, indexhtml = FALSE, fallthrough = TRUE))
  hidden <- hidden_in(folder)
  paths[paste0("/", hidden, recycle0 = TRUE)] <- rep(list(httpuv::excludeStaticPath()), length(hidden))
  indexes <- indexes_in(folder)
  answer <- function(request) if (is.null(page <- index_page(request, indexes))) elsewhere(request, folder) else page
  httpuv::startServer(host, port, list(call = answer, staticPaths = paths))
  repeat httpuv::service(Inf)
}

hidden_in <- function(folder) {
  paths <- list.files(folder, all.files = TRUE, recursive = TRUE, include.dirs = TRUE, no.. = TRUE)
  ours <- c("sandbox.toml", "renv.lock")
  paths[(startsWith(basename(paths), ".") & basename(paths) != ".well-known") | paths %in% ours]
}

# Paths of folders, with their slash, and the page of each.
indexes_in <- function(folder) {
  paths <- list.files(folder, "^index[.]html$", recursive = TRUE)
  setNames(file.path(folder, paths), sub("index[.]html$", "", paste0("/", paths)))
}

# A folder without its slash is sent on to it, as relative links in its page count from there.
index_page <- function(request, indexes) {
  path <- tryCatch(URLdecode(request$PATH_INFO), warning = function(condition) "", error = function(condition) "")
  Encoding(path) <- "UTF-8"
  if (!nzchar(path) || !request$REQUEST_METHOD %in% c("GET", "HEAD")) return(NULL)
  if (path %in% names(indexes)) {
    return(list(
      status = 200L, headers = list("Content-Type" = "text/html; charset=utf-8"), body = list(file = indexes[[path]])
    ))
  }
  if (!paste0(path, "/") %in% names(indexes)) return(NULL)
  list(status = 301L, headers = list(Location = paste0(request$PATH_INFO, "/", request$QUERY_STRING)), body = "")
}

not_found <- "<!doctype html><title>Not found</title><p>There is no such page.</p>"

elsewhere <- function(request, folder) {
  asks <- request$REQUEST_METHOD %in% c("GET", "HEAD")
  own <- file.path(folder, "404.html")
  page <- if (file.exists(own)) list(file = own) else not_found
  list(status = if (asks) 404L else 405L, headers = list("Content-Type" = "text/html; charset=utf-8"), body = page)
}
