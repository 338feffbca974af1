# What scripts expect of RStudio. They ask where they lie, to go there: they are told the file that was started.
# They show data: nobody looks, and without a screen R would stop.

answer_as_editor <- function(file) {
  document <- function(...) list(id = "1", path = file, contents = readLines(file, warn = FALSE), selection = list())
  answer <- function(...) {
    for (name in c("getActiveDocumentContext", "getSourceEditorContext")) {
      replace_in(asNamespace("rstudioapi"), name, document)
    }
  }
  setHook(packageEvent("rstudioapi", "onLoad"), answer)
  if (isNamespaceLoaded("rstudioapi")) answer() # ahead of the app
  replace_exported("utils", "View", function(x, title) invisible())
}

replace_exported <- function(package, name, value) {
  for (place in list(asNamespace(package), as.environment(paste0("package:", package)))) replace_in(place, name, value)
}

replace_in <- function(place, name, value) {
  unlockBinding(name, place)
  assign(name, value, place)
  lockBinding(name, place)
}
