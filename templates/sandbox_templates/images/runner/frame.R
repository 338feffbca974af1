# The frame: pages of a sandbox say which version they are, and answer the review page that shows them in a frame. In a
# release's pages there is nothing of it.

largest_page <- 32 * 1024^2 # bytes; a larger one is served as it is

framed <- new.env(parent = emptyenv())

# Called before any code of the app runs: which address reviews have is not its business.
take_frame <- function() {
  framed$control <- Sys.getenv("SANDBOX_CONTROL")
  Sys.unsetenv("SANDBOX_CONTROL")
}

# The element for a page's head; nothing in the release scope.
frame_script <- function() {
  number <- suppressWarnings(as.integer(sub("^d", "", Sys.getenv("SANDBOX_DEPLOYMENT"))))
  known <- nzchar(framed$control) && grepl("^https?://[^/\"'<>\\\\]+$", framed$control) && !is.na(number)
  if (!known || !identical(Sys.getenv("SANDBOX_SCOPE"), "sandbox")) return(raw())
  facts <- sprintf('{ "control": "%s", "deployment": %d }', framed$control, number)
  code <- sub("FACTS", facts, code_of("frame.js"), fixed = TRUE)
  code <- sub("INPUTS", code_of("inputs.js"), code, fixed = TRUE)
  charToRaw(enc2utf8(paste0("<script>\n", code, "</script>")))
}

# Pages that are files

# What httpuv would serve by itself and we serve, so that the script can be put into it: nothing in the release scope.
framed_pages <- function(folder) {
  pages$frame <- frame_script()
  if (!length(pages$frame)) return(character())
  paths <- list.files(folder, "[.]html?$", recursive = TRUE, ignore.case = TRUE)
  paths[file.size(file.path(folder, paths)) <= largest_page]
}

# The file's bytes with the script in them, if it is a page load; as they are for scripts that fetch a piece of a page.
page_with_frame <- function(request, path, status = 200L) {
  info <- file.info(path, extra_cols = FALSE)
  if (!length(pages$frame) || info$size > largest_page) return(page_as_it_is(path, status))
  html <- readBin(path, "raw", info$size)
  at <- if (is_page_load(request)) head_end(html) %||% page_start(html)
  if (!is.null(at)) html <- c(html[seq_len(at)], pages$frame, html[seq_along(html) > at])
  tag <- sprintf('"%s-%x-%x-%d"', Sys.getenv("SANDBOX_WORKER"), as.integer(info$size), as.integer(info$mtime), !is.null(at))
  known <- identical(request$HTTP_IF_NONE_MATCH, tag) && status == 200L
  headers <- list(
    "Content-Type" = "text/html; charset=utf-8", "Cache-Control" = "no-cache", "Vary" = "Sec-Fetch-Dest", "ETag" = tag
  )
  if (known) return(list(status = 304L, headers = headers))
  if (identical(request$REQUEST_METHOD, "HEAD")) {
    return(list(status = status, headers = c(headers, "Content-Length" = length(html))))
  }
  list(status = status, headers = headers, body = html)
}

page_as_it_is <- function(path, status) {
  list(status = status, headers = list("Content-Type" = "text/html; charset=utf-8"), body = list(file = path))
}

is_page_load <- function(request) {
  what <- request$HTTP_SEC_FETCH_DEST
  is.null(what) || tolower(what) %in% c("document", "iframe", "frame", "embed", "object")
}

# Where a page without a head begins: after what says how it is to be read. NULL for what is no text of bytes.
page_start <- function(html) {
  start <- html[seq_len(min(length(html), look_at))]
  if (any(start == as.raw(0L))) return(NULL)
  found <- regexpr("^(\\xef\\xbb\\xbf)?\\s*(<!doctype[^>]*>)?\\s*(<html(\\s[^>]*)?>)?", rawToChar(start), ignore.case = TRUE, perl = TRUE, useBytes = TRUE)
  attr(found, "match.length")
}

`%||%` <- function(one, other) if (is.null(one)) other else one
