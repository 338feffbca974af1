# Documents that nobody talks to: rendered when the instance starts, then served as they are. An output that was kept
# is not rendered again: the platform puts it into place.

output <- "/app/.sandbox-output"

start_document <- function(entry) {
  if (nzchar(Sys.getenv("SANDBOX_OUTPUT"))) await_output() else make_output(entry)
  serve_folder(output)
}

await_output <- function() {
  note("the output was rendered before, and is shown again")
  while (!file.exists(paste0(output, ".whole"))) Sys.sleep(0.02)
}

make_output <- function(entry) {
  note("rendering: ", entry)
  parameters <- jsonlite::fromJSON(Sys.getenv("SANDBOX_PARAMETERS", "{}"), simplifyVector = FALSE)
  setwd(folder_of(entry))
  file <- basename(entry)
  site <- is_site(file)
  if (site && grepl("^_quarto", file) && !with_quarto(file)) refuse_to_render("this Quarto project needs Quarto, which is not in the image")
  parameters <- if (length(parameters)) cast_parameters(parameters, if (site) list() else declared(file))
  tryCatch(
    in_words(if (with_quarto(file)) quarto_output(file, site, parameters) else if (site) site_output() else page_output(file, parameters)),
    error = function(problem) refuse_to_render(conditionMessage(problem), conditionCall(problem))
  )
  without_links()
  note("rendering: done")
  setwd(scratch)
}

refuse_to_render <- function(words, call = NULL) {
  if (!is.null(call)) cat("Error in ", deparse(call)[[1]], " : ", words, "\n", sep = "", file = stderr())
  note("cannot render: ", gsub("\\s+", " ", trimws(words)))
  quit(save = "no", status = 1L)
}

# What there is to render.

is_site <- function(file) {
  if (grepl("[.]ya?ml$", file, ignore.case = TRUE)) return(TRUE)
  if (!grepl("^index[.]", file, ignore.case = TRUE)) return(FALSE)
  if (with_quarto(file)) return(file.exists("_quarto.yml") || file.exists("_quarto.yaml"))
  !is.null(rmarkdown::site_generator("."))
}

with_quarto <- function(file) file.exists(quarto) && grepl("^_quarto[.]ya?ml$|[.]qmd$", file, ignore.case = TRUE)

# Parameters. They come as text; what the document states by default says what they are.

declared <- function(file) {
  lapply(knitr::knit_params(readLines(file, warn = FALSE, encoding = "UTF-8")), function(one) one$value)
}

cast_parameters <- function(given, known) {
  unknown <- setdiff(names(given), names(known))
  if (length(unknown)) {
    has <- if (length(known)) paste0("it has ", paste(names(known), collapse = ", ")) else "it has none"
    refuse_to_render(paste0("the document has no parameter ", paste(unknown, collapse = ", "), " (", has, ")"))
  }
  Map(cast, names(given), given, known[names(given)])
}

cast <- function(name, text, default) {
  value <- tryCatch(
    if (is.logical(default)) as.logical(text)
    else if (is.numeric(default) && !inherits(default, c("Date", "POSIXt"))) whole(as.numeric(text), default)
    else if (inherits(default, "Date")) as.Date(text)
    else text,
    warning = function(problem) NA, error = function(problem) NA
  )
  if (is.na(value)) {
    refuse_to_render(paste0("the parameter ", name, " is ", class(default)[[1]], " in the document, and \"", text, "\" is not"))
  }
  value
}

whole <- function(value, default) if (is.integer(default) && value == trunc(value)) as.integer(value) else value

# R Markdown.

page_output <- function(file, parameters) {
  options(knitr.progress.fun = tell_chunks)
  formats <- if (grepl("[.]qmd$", file, ignore.case = TRUE)) "html_document"
  made <- rmarkdown::render(
    file, output_format = formats, output_dir = output, params = parameters, envir = new.env(parent = globalenv()),
    encoding = "UTF-8"
  )
  keep_linked(made, ".")
  make_index(basename(made))
}

site_output <- function() {
  options(knitr.progress.fun = tell_chunks)
  made <- rmarkdown::site_generator(".")$output_dir
  rmarkdown::render_site(".", output_format = pages_of_book(), envir = new.env(parent = globalenv()), encoding = "UTF-8")
  take_folder(made)
}

# A book is otherwise made in all its formats, and only its pages are shown.
pages_of_book <- function() {
  if (!file.exists("index.Rmd")) return(NULL)
  site <- rmarkdown::yaml_front_matter("index.Rmd", encoding = "UTF-8")$site
  if (is.null(site) || !grepl("bookdown", site, fixed = TRUE)) return(NULL)
  formats <- rmarkdown::all_output_formats("index.Rmd")
  c(formats[!grepl("pdf|tufte_book|word|epub|beamer|powerpoint", formats)], formats, "bookdown::gitbook")[[1]]
}

tell_chunks <- function(total, labels) {
  chunks <- which(nzchar(labels))
  list(
    update = function(now) {
      if (now %in% chunks) note("rendering: chunk ", match(now, chunks), " of ", length(chunks), " [", labels[[now]], "]")
    },
    done = function() NULL
  )
}

# Quarto.

quarto_output <- function(file, site, parameters) {
  started <- Sys.time()
  arguments <- c("render", if (site) "." else shQuote(file))
  if (length(parameters)) {
    stated <- tempfile(fileext = ".yml")
    yaml::write_yaml(parameters, stated)
    arguments <- c(arguments, "--execute-params", stated)
  }
  status <- system2(quarto, arguments)
  if (status != 0L) refuse_to_render(paste0("Quarto ended with status ", status))
  if (site) return(take_folder(quarto_folder()))
  stem <- sub("[.][^.]*$", "", file)
  made <- setdiff(list.files(".", pattern = "[.](html|pdf|docx|pptx|epub|odt|md)$"), file)
  made <- made[startsWith(made, stem) & file.mtime(made) >= started - 1]
  if (!length(made)) refuse_to_render("Quarto wrote no file beside the document")
  dir.create(output)
  main <- c(made[grepl("[.]html$", made)], made)[[1]]
  folder <- paste0(stem, "_files")
  file.copy(c(made, if (dir.exists(folder)) folder), output, recursive = TRUE)
  keep_linked(file.path(output, main), ".")
  make_index(main)
}

quarto_folder <- function() {
  said <- yaml::read_yaml(if (file.exists("_quarto.yml")) "_quarto.yml" else "_quarto.yaml")$project
  if (!is.null(said[["output-dir"]])) return(said[["output-dir"]])
  switch(if (is.null(said$type)) "default" else said$type, website = "_site", book = "_book", ".")
}

# What is shown: a folder with an index.html.

take_folder <- function(made) {
  if (normalizePath(made) == normalizePath(".")) {
    pages <- list.files(".", pattern = "[.](html|css|js|png|jpe?g|svg|gif|pdf|json)$|_files$|^site_libs$")
    dir.create(output)
    file.copy(pages, output, recursive = TRUE)
  } else {
    file.rename(made, output)
  }
  if (!file.exists(file.path(output, "index.html"))) {
    pages <- list.files(output, pattern = "[.]html$")
    if (!length(pages)) refuse_to_render("the site has no page")
    make_index(pages[[1]])
  }
}

# Files of the project that a page names beside it.
keep_linked <- function(page, from) {
  if (!grepl("[.]html$", page) || file.size(page) > 20 * 1024^2) return()
  html <- paste(readLines(page, warn = FALSE, encoding = "UTF-8"), collapse = "\n")
  found <- regmatches(html, gregexpr("\\b(src|href)=\"[^\":#?]{1,500}", html, perl = TRUE))[[1]]
  paths <- unique(utils::URLdecode(sub("^[^\"]*\"", "", found)))
  parts <- strsplit(paths, "/", fixed = TRUE)
  inside <- vapply(parts, function(names) length(names) > 0 && all(nzchar(names) & !startsWith(names, ".")), NA)
  paths <- paths[inside]
  for (path in paths[file.exists(file.path(from, paths)) & !dir.exists(file.path(from, paths))]) {
    to <- file.path(dirname(page), path)
    if (file.exists(to)) next
    dir.create(dirname(to), recursive = TRUE, showWarnings = FALSE)
    file.copy(file.path(from, path), to)
  }
}

make_index <- function(main) {
  index <- file.path(output, "index.html")
  if (main == "index.html") return()
  if (grepl("[.]html$", main)) {
    file.rename(file.path(output, main), index)
    # Links that name the page go on working. Not a link: only plain files are kept; not a copy: it may be large.
    return(write_page(file.path(output, main), c(
      '<meta http-equiv="refresh" content="1; url=index.html">',
      '<script>location.replace("index.html" + location.search + location.hash)</script>',
      "<title>Moved</title></head>", '<body><p><a href="index.html">index.html</a></p></body></html>'
    )))
  }
  name <- htmltools::htmlEscape(main, attribute = TRUE)
  address <- utils::URLencode(main, reserved = TRUE)
  embedded <- if (grepl("[.]pdf$", main)) paste0('<embed src="', address, '" type="application/pdf">')
  write_page(index, c(
    "<title>", name, "</title><style>body{font-family:sans-serif;margin:1rem}embed{width:100%;height:90vh}</style></head>",
    '<body><p><a href="', address, '" download>', name, "</a></p>", embedded, "</body></html>"
  ))
}

write_page <- function(path, parts) {
  writeLines(c('<!doctype html><html lang="en"><head><meta charset="utf-8">', parts), path, sep = "", useBytes = TRUE)
}

# Large files of the app are links into the image, and only plain files are kept.
without_links <- function() {
  paths <- list.files(output, recursive = TRUE, all.files = TRUE, full.names = TRUE)
  for (link in paths[nzchar(Sys.readlink(paths))]) {
    whole <- paste0(link, ".whole")
    if (file.copy(link, whole)) file.rename(whole, link)
  }
}
