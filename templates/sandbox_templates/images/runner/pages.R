# Pages. A script of ours goes first into the head of every page, so that it runs before Shiny connects.

look_at <- 65536L # bytes of a page in which its head must begin
runner <- "/opt/sandbox/runner"

pages <- new.env(parent = emptyenv())

inject <- function(request, response) {
  if (!is_page(request, response)) return(response)
  html <- content_of(response$content)
  head <- if (is.raw(html)) head_end(html)
  if (is.null(head)) return(response)
  response$content <- c(html[seq_len(head)], pages$script, html[-seq_len(head)])
  response
}

is_page <- function(request, response) {
  identical(as.integer(response$status), 200L) &&
    grepl("^text/html", response$content_type, ignore.case = TRUE) &&
    !startsWith(request$PATH_INFO, "/session/")
}

content_of <- function(content) {
  if (is.raw(content)) return(content)
  if (is.character(content)) return(charToRaw(paste(enc2utf8(content), collapse = "\n")))
  NULL # a file that is streamed: whoever wrote it wants it as it is
}

# Bytes, not characters: a page in another encoding, or a broken one, must come through unchanged.
head_end <- function(html) {
  start <- html[seq_len(min(length(html), look_at))]
  if (any(start == as.raw(0L))) return(NULL)
  text <- rawToChar(start)
  found <- regexpr("<head(\\s[^>]*)?>", text, ignore.case = TRUE, perl = TRUE, useBytes = TRUE)
  if (found < 0L) NULL else as.integer(found) + attr(found, "match.length") - 1L
}

code_of <- function(file) {
  paste0(paste(readLines(file.path(runner, file), encoding = "UTF-8", warn = FALSE), collapse = "\n"), "\n")
}

# Made once an app starts: only then is it known which instance this is.
prepare_pages <- function() {
  code <- code_of("page.js")
  worker <- utils::URLencode(Sys.getenv("SANDBOX_WORKER"), reserved = TRUE)
  own <- charToRaw(enc2utf8(paste0("<script>\n", sub("WORKER", worker, code, fixed = TRUE), "</script>")))
  pages$script <- c(own, frame_script())
}
