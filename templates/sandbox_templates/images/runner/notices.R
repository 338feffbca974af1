# The way in: the platform asks what was seen of sessions, and puts notices into open pages. The edge refuses this path,
# so whoever comes here is the platform, an own container, or guesses the secret.

longest_notice <- 500L # characters
longest_body <- 16384L # bytes

door <- new.env(parent = emptyenv())

# Called before any code of the app runs. The app could find the secret all the same, as they share a process: it opens
# nothing but this app's own figures.
take_secret <- function() {
  door$secret <- Sys.getenv("SANDBOX_SECRET")
  door$notice <- NULL
  Sys.unsetenv("SANDBOX_SECRET")
}

is_ours <- function(request) startsWith(request$PATH_INFO, "/__sandbox__/")

answer_platform <- function(request) {
  tryCatch(answer_of(request), error = function(problem) as_json(400L, list(error = "not understood")))
}

answer_of <- function(request) {
  given <- request$HTTP_X_SANDBOX_SECRET
  known <- is.character(door$secret) && nzchar(door$secret) && identical(given, door$secret)
  asked <- paste(request$REQUEST_METHOD, sub("^/__sandbox__/", "", request$PATH_INFO))
  if (known && asked == "GET report") return(as_json(200L, report(after_in(request$QUERY_STRING))))
  if (known && asked == "PUT notice") return(as_json(200L, list(notice = take_notice(body_of(request)))))
  list(status = 404L, headers = list("Content-Type" = "text/plain"), body = "Not Found")
}

as_json <- function(status, value) {
  text <- jsonlite::toJSON(value, auto_unbox = TRUE, digits = 3L, null = "null")
  list(
    status = status, body = enc2utf8(as.character(text)),
    headers = list("Content-Type" = "application/json", "Cache-Control" = "no-store")
  )
}

after_in <- function(query) {
  found <- regmatches(query, regexec("(^|[?&])after=([0-9]{1,9})(&|$)", query))[[1]]
  if (length(found)) as.integer(found[[3]]) else 0L
}

body_of <- function(request) {
  bytes <- request$rook.input$read(longest_body)
  jsonlite::fromJSON(rawToChar(bytes), simplifyVector = FALSE)
}

# Notices

take_notice <- function(said) {
  stopifnot(is.character(said$id), said$kind %in% c("drain", "move", "update", "none"))
  stopifnot(is.null(said$at) || is.numeric(said$at))
  door$notice <- list(
    id = substr(said$id, 1L, 100L), kind = said$kind, at = said$at,
    text = substr(if (is.null(said$text)) "" else as.character(said$text), 1L, longest_notice)
  )
  for (one in seen$open) quietly(show_notice(one$session))
  notice_id()
}

notice_id <- function() if (is.null(door$notice)) "" else door$notice$id

# The page's clock may be wrong, so it is told how many seconds are left.
show_notice <- function(session) {
  notice <- door$notice
  if (is.null(notice)) return()
  tell_page(session, list(
    kind = notice$kind, id = notice$id, text = notice$text, left = if (!is.null(notice$at)) notice$at - now()
  ))
}

tell_page <- function(session, words) quietly(session$sendCustomMessage("sandbox.notice", words))
