# Writes down what a base has and what Debian offers beside it, while the package lists are at hand.

target <- commandArgs(trailingOnly = TRUE)[[1]]
lists <- "/var/lib/apt/lists"
needed <- c("Depends", "Imports", "LinkingTo")

main <- function() {
  found <- installed.packages()[, c("Package", "Version", needed), drop = FALSE]
  found <- found[!duplicated(found[, "Package"]), , drop = FALSE] # of two, the one that R loads
  base <- list(
    r = one(as.character(getRversion())),
    suite = one(suite()),
    packages = named(found[, "Package"], lapply(found[, "Version"], one)),
    needs = named(found[, "Package"], apply(found[, needed, drop = FALSE], 1, needs_of, simplify = FALSE)),
    debian = offered(tolower(found[, "Package"])),
    build = build_needs()
  )
  writeLines(jsonlite::toJSON(base, pretty = TRUE), target)
}

needs_of <- function(fields) {
  names <- sub("[ (\n].*$", "", trimws(unlist(strsplit(fields[!is.na(fields)], ","))))
  setdiff(names[nzchar(names)], "R")
}

# Debian writes R's names in small letters only: whoever asks has to do so too.
offered <- function(installed) {
  lines <- grep("^(Package|Version): ", available(), value = TRUE)
  is_name <- startsWith(lines, "Package: ")
  package <- sub("^Package: ", "", lines[is_name])
  version <- sub("^Version: ", "", lines[which(is_name) + 1])
  ours <- which(grepl("^r-(cran|bioc)-", package))
  ours <- ours[order(package[ours], decreasing = TRUE, method = "radix")] # of two with one name, r-cran wins
  name <- sub("^r-(cran|bioc)-", "", package[ours])
  keep <- !duplicated(name) & !name %in% installed
  named(name[keep], Map(
    function(package, version) list(name = one(package), version = one(version)),
    package[ours][keep], r_version(version[ours][keep])
  ))
}

available <- function() {
  system2("apt-cache", "dumpavail", stdout = TRUE)
}

# "1:0.9.0+dfsg-1" is 0.9.0, and "2.0+really1.9-2" is 1.9.
r_version <- function(version) {
  version <- sub("^[0-9]+:", "", version)
  version <- sub("-[^-]*$", "", version)
  version <- sub("^.*[+.~]really", "", version)
  sub("[+~].*$|[.](dfsg|ds)[0-9.]*$", "", version)
}

# What Debian needs to compile each package, without R's own part of it.
build_needs <- function() {
  files <- list.files(lists, "_Sources$", full.names = TRUE)
  fields <- c("Binary", "Build-Depends", "Build-Depends-Arch")
  sources <- do.call(rbind, lapply(files, read.dcf, fields = fields))
  if (is.null(sources)) {
    return(named(character(), list()))
  }
  sources <- sources[grepl("\\br-(cran|bioc)-", sources[, "Binary"]), , drop = FALSE]
  needs <- apply(sources, 1, function(source) headers(source[-1]), simplify = FALSE)
  binaries <- strsplit(sources[, "Binary"], "[, \n]+")
  name <- vapply(binaries, function(all) grep("^r-(cran|bioc)-", all, value = TRUE)[1], "")
  name <- sub("^r-(cran|bioc)-", "", name)
  some <- lengths(needs) > 0 & !duplicated(name)
  named(name[some], needs[some])
}

headers <- function(fields) {
  entries <- trimws(unlist(strsplit(fields[!is.na(fields)], ",")))
  entries <- entries[!grepl("<!?nocheck>", entries)]
  entries <- sub("[ (\\[<|:].*$", "", entries)
  tools <- c("cargo", "rustc", "cmake", "bison", "flex", "swig", "jags", "gdal-bin", "protobuf-compiler", "default-jdk")
  sort(unique(entries[(grepl("-dev$", entries) & !grepl("^(r-|dh-|dpkg-)", entries)) | entries %in% tools]))
}

suite <- function() {
  lines <- readLines("/etc/os-release")
  sub("^VERSION_CODENAME=", "", grep("^VERSION_CODENAME=", lines, value = TRUE)[1])
}

one <- function(value) {
  jsonlite::unbox(unname(value))
}

# An empty list is an object too.
named <- function(names, values) {
  structure(unname(as.list(values)), names = as.character(names))
}

main()
