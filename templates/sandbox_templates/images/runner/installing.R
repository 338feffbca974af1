# Scripts for a laptop install their packages when they run. Here these are in the image, and nothing can be added.

skip_installing <- function() {
  install <- utils::install.packages
  skip <- function(pkgs, lib, ...) {
    if (!missing(lib)) return(install(pkgs, lib, ...)) # a folder of its own
    if (missing(pkgs)) return(invisible())
    there <- vapply(pkgs, function(name) nzchar(system.file(package = name)), NA)
    if (any(there)) note("already in the image, not installed again: ", paste(pkgs[there], collapse = ", "))
    if (!all(there)) note("not installed while the app runs: ", paste(pkgs[!there], collapse = ", "), "; name it with library()")
    invisible()
  }
  replace_exported("utils", "install.packages", skip)
}
