# Bookmarks that Shiny keeps on the server go into a volume that outlives the instance: one for an app's sandboxes, one
# for its release. Without one, Shiny's own way goes on, beside the app and as long as the instance.

bookmarks <- "/opt/sandbox/bookmarks" # without a volume it is in the read-only image
most_bookmarks <- 1024^3 # bytes
count_again <- 600 # seconds; other instances save too

shelf <- new.env(parent = emptyenv())

keep_bookmarks <- function() {
  if (file.access(bookmarks, 2L) != 0L) return()
  shelf$at <- 0
  shiny::shinyOptions(save.interface = save_bookmark, load.interface = load_bookmark)
}

save_bookmark <- function(id, callback) {
  refuse_when_full()
  folder <- file.path(bookmarks, id)
  dir.create(folder)
  whole <- FALSE
  on.exit(if (!whole) unlink(folder, recursive = TRUE))
  callback(folder)
  shelf$bytes <- shelf$bytes + bytes_below(folder)
  refuse_when_full()
  whole <- TRUE
}

load_bookmark <- function(id, callback) callback(file.path(bookmarks, id))

refuse_when_full <- function() {
  if (now() - shelf$at > count_again) {
    shelf$bytes <- bytes_below(bookmarks)
    shelf$at <- now()
  }
  if (shelf$bytes <= most_bookmarks) return()
  shelf$at <- 0 # what was too much goes again
  stop("this app's bookmarks have reached the limit of ", megabytes(most_bookmarks), "; nothing was saved", call. = FALSE)
}

bytes_below <- function(folder) {
  sum(file.size(list.files(folder, all.files = TRUE, recursive = TRUE, full.names = TRUE)), na.rm = TRUE)
}
