# Files that are served as they are. What begins with a dot is nobody's business, nor is what is meant for the platform.

start_static <- function(entry) {
  take_frame()
  serve_folder(file.path(bundle, dirname(entry)))
}

serve_folder <- function(folder) {
  folder <- normalizePath(folder)
  paths <- list("/" = httpuv::staticPath(folder, indexhtml = FALSE, fallthrough = TRUE))
  hidden <- hidden_in(folder)
  ours <- setdiff(framed_pages(folder), hidden)
  excluded <- c(hidden, ours)
  paths[paste0("/", excluded, recycle0 = TRUE)] <- rep(list(httpuv::excludeStaticPath()), length(excluded))
  served <- list(folder = folder, indexes = indexes_in(folder), ours = ours)
  answer <- function(request) if (is.null(page <- page_at(request, served))) elsewhere(request, folder) else page
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

# The page at this address if httpuv does not serve it by itself, else NULL.
page_at <- function(request, served) {
  path <- path_of(request)
  if (!nzchar(path) || !request$REQUEST_METHOD %in% c("GET", "HEAD")) return(NULL)
  file <- substr(path, 2L, nchar(path))
  if (file %in% served$ours) return(page_with_frame(request, file.path(served$folder, file)))
  index_page(request, path, served$indexes)
}

path_of <- function(request) {
  path <- tryCatch(URLdecode(request$PATH_INFO), warning = function(condition) "", error = function(condition) "")
  Encoding(path) <- "UTF-8"
  path
}

# A folder without its slash is sent on to it, as relative links in its page count from there.
index_page <- function(request, path, indexes) {
  if (path %in% names(indexes)) return(page_with_frame(request, indexes[[path]]))
  if (!paste0(path, "/") %in% names(indexes)) return(NULL)
  list(status = 301L, headers = list(Location = paste0(request$PATH_INFO, "/", request$QUERY_STRING)), body = "")
}

not_found <- "<!doctype html><title>Not found</title><p>There is no such page.</p>"

elsewhere <- function(request, folder) {
  asks <- request$REQUEST_METHOD %in% c("GET", "HEAD")
  status <- if (asks) 404L else 405L
  own <- file.path(folder, "404.html")
  if (file.exists(own)) return(page_with_frame(request, own, status))
  list(status = status, headers = list("Content-Type" = "text/html; charset=utf-8"), body = not_found)
}
