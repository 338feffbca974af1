# Writes down what the base has and what Debian offers beside it, while the package lists are at hand.

target <- commandArgs(trailingOnly = TRUE)[[1]]

installed <- installed.packages()[, c("Package", "Version")]
packages <- as.list(installed[, "Version"])
names(packages) <- installed[, "Package"]

# Debian writes R's names in small letters only: whoever asks has to do so too.
offered <- grep("^r-(cran|bioc)-", system2("apt-cache", "pkgnames", stdout = TRUE), value = TRUE)
offered <- sort(offered, decreasing = TRUE, method = "radix") # of two with one name, r-cran wins
names(offered) <- sub("^r-(cran|bioc)-", "", offered)
offered <- offered[!names(offered) %in% tolower(names(packages))]

base <- list(
  r = jsonlite::unbox(as.character(getRversion())),
  packages = lapply(packages, jsonlite::unbox),
  debian = lapply(as.list(offered[!duplicated(names(offered))]), jsonlite::unbox)
)
writeLines(jsonlite::toJSON(base, pretty = TRUE), target)
