# Errors that end the app name the place in the app's own files: the innermost line of it that ran.

in_words <- function(work) {
  withCallingHandlers(work, error = function(problem) {
    if (gave_no_app(problem)) return()
    calls <- sys.calls()
    place <- place_in_function(calls)
    if (is.null(place)) place <- place_at_top(calls, sys.frames(), conditionCall(problem))
    if (!is.null(place)) note("error at ", place, ": ", conditionMessage(problem))
  })
}

place_in_function <- function(calls) {
  for (call in rev(calls)) {
    reference <- attr(call, "srcref")
    file <- if (!is.null(reference)) attr(reference, "srcfile")$filename
    if (is_of_app(file)) return(place(file, reference[[1]]))
  }
}

# Shiny evaluates a file's expressions without their lines: find the one that holds the call which failed.
place_at_top <- function(calls, frames, failed) {
  sources <- get("sourceUTF8", asNamespace("shiny"))
  sourced <- Filter(function(index) identical(sys.function(index), sources), seq_along(calls))
  started <- which(vapply(calls, function(call) identical(call[[1]], quote(..stacktraceon..)), NA))
  if (!length(sourced) || !is_of_app(file <- frames[[max(sourced)]]$file)) return(NULL)
  first <- calls[started[started > max(sourced)][1] + 1L] # what the file was doing
  expressions <- parse(file, keep.source = TRUE, encoding = "UTF-8")
  index <- Position(function(one) holds(one, failed) || holds(one, first[[1]]), expressions)
  if (!is.na(index)) place(file, attr(expressions, "srcref")[[index]][[1]])
}

holds <- function(expression, call) {
  if (!is.call(expression) || is.null(call)) return(FALSE)
  identical(expression, call, ignore.srcref = TRUE) || any(vapply(as.list(expression), holds, NA, call))
}

is_of_app <- function(file) {
  is.character(file) && length(file) == 1L && startsWith(normalizePath(file, mustWork = FALSE), paste0(scratch, "/"))
}

place <- function(file, line) paste0(sub(paste0("^", scratch, "/"), "", normalizePath(file)), "#", line)
