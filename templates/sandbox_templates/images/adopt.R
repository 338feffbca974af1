# Installs what every base has, if it is not there, from the repositories that are given.

missing <- setdiff(c("shiny", "jsonlite"), rownames(installed.packages()))
if (length(missing) > 0) {
  install.packages(missing, repos = commandArgs(trailingOnly = TRUE))
}
loadNamespace("shiny")
