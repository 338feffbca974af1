# Starts an app inside its container: the bundle lies read-only in the image, the app gets a writable copy of it.
# Everything of ours lives in an environment of its own: the app finds its global environment empty.

runner <- local({

port <- 3838L
host <- "0.0.0.0"
bundle <- "/opt/sandbox/app"
scratch <- "/app"
look_at <- 65536L # bytes of a page in which its head must begin
link_above <- 8 * 1024^2 # bytes; the copy is in memory, so what is larger stays in the image

main <- function() {
  rm("runner", envir = globalenv())
  prepare_process()
  copy_bundle()
  setwd(scratch)
  run_profile()
  kinds <- list(shiny = start_shiny)
  kinds[[kind_of(scratch)]]()
}

# The process: what a laptop would have set.

prepare_process <- function() {
  options(warn = 1, keep.source = TRUE)
  if (!l10n_info()[["UTF-8"]]) Sys.setlocale("LC_ALL", "C.UTF-8")
  limit_threads(cpu_limit())
  Sys.setenv(RENV_CONFIG_AUTOLOADER_ENABLED = "FALSE")
}

cpu_limit <- function() {
  stated <- suppressWarnings(as.numeric(Sys.getenv("SANDBOX_CPUS")))
  if (is.na(stated)) stated <- cgroup_cpus()
  max(1L, as.integer(ceiling(stated)))
}

cgroup_cpus <- function() {
  one <- function(path) if (file.exists(path)) readLines(path, 1L, warn = FALSE) else NULL
  both <- one("/sys/fs/cgroup/cpu.max")
  quota <- if (is.null(both)) {
    c(one("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), one("/sys/fs/cgroup/cpu/cpu.cfs_period_us"))
  } else {
    strsplit(both, " ", fixed = TRUE)[[1]]
  }
  quota <- suppressWarnings(as.numeric(quota))
  if (length(quota) == 2 && !anyNA(quota) && quota[[1]] > 0) quota[[1]] / quota[[2]] else 1
}

# Libraries see the host's processors, not the container's share: more threads than that only wait for each other.
limit_threads <- function(cpus) {
  names <- c(
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "RCPP_PARALLEL_NUM_THREADS", "R_DATATABLE_NUM_THREADS", "ARROW_NUM_THREADS",
    "R_PARALLELLY_AVAILABLECORES_SYSTEM", "MC_CORES"
  )
  unset <- names[!nzchar(Sys.getenv(names))]
  do.call(Sys.setenv, as.list(stats::setNames(rep(as.character(cpus), length(unset)), unset)))
  options(mc.cores = cpus, Ncpus = cpus)
}

# The scratch copy.

copy_bundle <- function() {
  paths <- list.files(bundle, all.files = TRUE, recursive = TRUE, include.dirs = TRUE, no.. = TRUE)
  info <- file.info(file.path(bundle, paths), extra_cols = FALSE)
  for (folder in paths[info$isdir]) dir.create(file.path(scratch, folder), showWarnings = FALSE)
  large <- !info$isdir & info$size > link_above
  small <- !info$isdir & !large
  from <- file.path(bundle, paths)
  to <- file.path(scratch, paths)
  linked <- if (any(large)) suppressWarnings(file.symlink(from[large], to[large]))
  copied <- suppressWarnings(file.copy(from[small], to[small], copy.mode = TRUE, copy.date = TRUE))
  if (any(large)) note("over 8 MB, therefore read-only: ", paste(paths[large], collapse = ", "))
  if (!all(linked, copied)) refuse_overflow(sum(info$size[small]))
}

refuse_overflow <- function(bytes) {
  note(
    "the app's folder does not fit: its files of up to 8 MB each add up to ", megabytes(bytes),
    ", and they are copied into memory so that the app can write beside them."
  )
  note("leave files out with .sandboxignore, put them together into larger ones, or raise `memory` in sandbox.toml.")
  quit(save = "no", status = 1L)
}

megabytes <- function(bytes) paste(ceiling(bytes / 1024^2), "MB")

note <- function(...) cat("sandbox: ", ..., "\n", sep = "", file = stderr())

# A laptop runs the project's profile too. renv's start-up in it is switched off: the packages are in the image.
run_profile <- function() {
  if (file.exists(".Rprofile")) in_words(sys.source(".Rprofile", envir = globalenv(), keep.source = TRUE))
}

# Kinds of app. Each entry starts its kind on `port`, and returns when it has ended.

kind_of <- function(folder) "shiny"

start_shiny <- function() {
  options(shiny.http.response.filter = inject, shiny.autoreload = FALSE)
  suppressPackageStartupMessages(library(shiny)) # attached, as for whoever starts the app by hand
  in_words(runApp(
    scratch, port = port, host = host, launch.browser = FALSE, quiet = TRUE,
    workerId = Sys.getenv("SANDBOX_WORKER")
  ))
}

# Errors that end the app name the place in the app's own files: the innermost line of it that ran.

in_words <- function(work) {
  withCallingHandlers(work, error = function(problem) {
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

# Pages. A script of ours goes first into the head of every page, so that it runs before Shiny connects.

inject <- function(request, response) {
  if (!is_page(request, response)) return(response)
  html <- content_of(response$content)
  head <- if (is.raw(html)) head_end(html)
  if (is.null(head)) return(response)
  response$content <- c(html[seq_len(head)], script, html[-seq_len(head)])
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

script <- charToRaw(sub("WORKER", utils::URLencode(Sys.getenv("SANDBOX_WORKER"), reserved = TRUE), fixed = TRUE, '<script>
document.addEventListener("DOMContentLoaded", function () {
  var worker = "WORKER";
  if (!worker || !window.Shiny || window.Shiny.createSocket) return;
  window.Shiny.createSocket = function () {
    var path = location.pathname.replace(/\\/?$/, "/websocket/");
    var socket = new WebSocket(location.origin.replace(/^http/, "ws") + path + "?w=" + worker);
    socket.binaryType = "arraybuffer";
    return socket;
  };
});
</script>'))

main

})

runner()
