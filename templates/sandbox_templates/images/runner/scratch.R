# The scratch copy.

link_above <- 8 * 1024^2 # bytes; the copy is in memory, so what is larger stays in the image

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
  mark_top()
}

# For here::here(): git, which marks the top otherwise, stays behind.
mark_top <- function() file.create(file.path(scratch, ".here"))

refuse_overflow <- function(bytes) {
  note(
    "the app's folder does not fit: its files of up to 8 MB each add up to ", megabytes(bytes),
    ", and they are copied into memory so that the app can write beside them."
  )
  note("leave files out with .sandboxignore, put them together into larger ones, or raise `memory` in sandbox.toml.")
  quit(save = "no", status = 1L)
}

megabytes <- function(bytes) paste(ceiling(bytes / 1024^2), "MB")


# Files from other systems: R reads neither a byte order mark nor what is not UTF-8. Who names an encoding has seen to it.
mend_encodings <- function() {
  code <- "[.](r|rmd|qmd)$"
  files <- list.files(scratch, code, all.files = TRUE, recursive = TRUE, ignore.case = TRUE, full.names = TRUE)
  files <- files[!nzchar(Sys.readlink(files))]
  texts <- lapply(files, function(file) readBin(file, "raw", file.size(file)))
  named <- "encoding\\s*=\\s*[\"'](latin|iso|windows|cp)"
  names_one <- function(text) grepl(named, as_text(text), ignore.case = TRUE, useBytes = TRUE)
  is_named <- any(vapply(texts, names_one, NA))
  for (index in seq_along(files)) {
    mended <- mend(texts[[index]], !is_named)
    if (!identical(mended, texts[[index]])) writeBin(mended, files[[index]])
  }
}

mend <- function(bytes, convert) {
  if (identical(bytes[seq_len(min(3L, length(bytes)))], as.raw(c(0xef, 0xbb, 0xbf)))) bytes <- bytes[-(1:3)]
  text <- as_text(bytes)
  if (!convert || validUTF8(text)) return(bytes)
  converted <- iconv(text, "WINDOWS-1252", "UTF-8")
  if (is.na(converted)) bytes else charToRaw(converted)
}

as_text <- function(bytes) if (any(bytes == as.raw(0L))) "" else rawToChar(bytes)
