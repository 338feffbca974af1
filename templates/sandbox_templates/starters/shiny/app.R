library(shiny)
library(bslib, warn.conflicts = FALSE)

# Change one of these, push the branch, and look at its sandbox.
title <- "Sales dashboard"
accent <- "#4457d6"
show_target <- FALSE

# Two years of made-up sales, always the same.
sales <- local({
  set.seed(7)
  rows <- expand.grid(
    product = c("Espresso", "Filter coffee", "Green tea", "Hot chocolate", "Lemonade"),
    region = c("North", "East", "South", "West"),
    month = seq(as.Date("2024-01-01"), as.Date("2025-12-01"), by = "month"),
    stringsAsFactors = FALSE
  )
  popularity <- c(Espresso = 9, `Filter coffee` = 7, `Green tea` = 4.5, `Hot chocolate` = 3.5, Lemonade = 3)
  size <- c(North = 1, East = 0.7, South = 1.3, West = 0.9)
  warmth <- sin((as.integer(format(rows$month, "%m")) - 4) / 12 * 2 * pi)
  season <- 1 + 0.3 * warmth * ifelse(rows$product == "Lemonade", 1.8, -0.6)
  growth <- 1 + 0.05 * (as.integer(rows$month - as.Date("2024-01-01")) / 365)^2
  noise <- rnorm(nrow(rows), 1, 0.06)
  rows$revenue <- round(1000 * popularity[rows$product] * size[rows$region] * season * growth * noise)
  rows$year <- format(rows$month, "%Y")
  rows
})

months <- month.abb
target <- 125000

money <- function(amount) {
  if (amount >= 1e6) sprintf("%.2f M€", amount / 1e6) else sprintf("%.0f k€", amount / 1e3)
}

change <- function(now, before) {
  share <- 100 * (now / before - 1)
  span(class = if (share < 0) "change down" else "change", sprintf("%+.1f %% on the year before", share))
}

figure <- function(label, value, below) {
  div(class = "figure", div(class = "label", label), div(class = "value", value), below)
}

ui <- page_fillable(
  title = title,
  fillable_mobile = FALSE,
  tags$head(
    tags$link(rel = "stylesheet", href = "style.css"),
    tags$style(sprintf(":root { --accent: %s; }", accent))
  ),
  div(
    class = "top",
    div(h1(title), p("Revenue of the coffee shops, 2025 against 2024")),
    div(
      class = "controls",
      selectInput("region", "Region", c("All regions", unique(sales$region)), width = "150px", selectize = FALSE),
      selectInput("product", "Product", c("All products", unique(sales$product)), width = "160px", selectize = FALSE),
      downloadButton("download", "Download", icon = NULL)
    )
  ),
  uiOutput("figures"),
  layout_columns(
    col_widths = breakpoints(sm = 12, lg = c(8, 4)),
    card(
      card_header("Revenue by month"),
      plotOutput("plot", height = "330px")
    ),
    card(
      card_header("Products"),
      uiOutput("products")
    )
  ),
  div(
    class = "foot",
    actionButton("count", textOutput("clicks", inline = TRUE)),
    span("Counts in your session only: it goes on while a new version is released.")
  )
)

server <- function(input, output, session) {
  chosen <- reactive({
    rows <- sales
    if (input$region != "All regions") rows <- rows[rows$region == input$region, ]
    if (input$product != "All products") rows <- rows[rows$product == input$product, ]
    rows
  })

  by_month <- reactive(tapply(chosen()$revenue, list(chosen()$year, format(chosen()$month, "%m")), sum))

  output$figures <- renderUI({
    now <- by_month()["2025", ]
    before <- by_month()["2024", ]
    best <- which.max(now)
    div(
      class = "figures",
      figure("Revenue 2025", money(sum(now)), change(sum(now), sum(before))),
      figure("Last quarter", money(sum(now[10:12])), change(sum(now[10:12]), sum(before[10:12]))),
      figure("Best month", months[best], span(class = "change plain", paste("with", money(now[best]))))
    )
  })

  output$plot <- renderPlot({
    draw(by_month()["2025", ], by_month()["2024", ], if (show_target) target * nrow(chosen()) / nrow(sales))
  })

  output$products <- renderUI({
    rows <- chosen()[chosen()$year == "2025", ]
    totals <- sort(tapply(rows$revenue, rows$product, sum), decreasing = TRUE)
    tags$table(class = "products", lapply(names(totals), function(product) {
      width <- sprintf("width: %.0f%%", 100 * totals[[product]] / max(totals))
      tags$tr(
        tags$td(product, div(class = "bar", div(style = width))),
        tags$td(class = "number", money(totals[[product]]))
      )
    }))
  })

  output$clicks <- renderText({
    if (input$count == 1) "1 click" else paste(input$count, "clicks")
  })

  output$download <- downloadHandler(
    filename = "sales.csv",
    content = function(file) write.csv(chosen(), file, row.names = FALSE)
  )
}

# Bars for this year, a line for the year before.
draw <- function(now, before, goal = NULL) {
  ink <- "#5f6675"
  top <- max(now, before, goal) * 1.12
  par(mar = c(2.2, 4, 2.2, 0.4), family = "Helvetica", col.axis = ink, las = 1, mgp = c(2, 0.5, 0), tcl = 0)
  at <- barplot(now, col = NA, border = NA, ylim = c(0, top), axes = FALSE, names.arg = rep("", 12), space = 0.45)
  ticks <- pretty(c(0, top), 4)
  abline(h = ticks, col = "#e6e8ee")
  axis(2, ticks, ifelse(ticks == 0, "0", paste0(format(ticks / 1000, trim = TRUE), " k€")), lwd = 0, cex.axis = 1.05)
  axis(1, at, months, lwd = 0, cex.axis = 1.05)
  barplot(now, col = accent, border = NA, axes = FALSE, names.arg = rep("", 12), space = 0.45, add = TRUE)
  lines(at, before, col = "#f0a63a", lwd = 3)
  points(at, before, pch = 21, col = "#f0a63a", bg = "white", lwd = 2, cex = 1.1)
  if (!is.null(goal)) abline(h = goal, col = "#c2313b", lwd = 2, lty = 2)
  legend(
    "topleft", c("2025    ", "2024    ", if (!is.null(goal)) "target"),
    col = c(accent, "#f0a63a", "#c2313b"), pch = c(15, 19, NA), lty = c(NA, 1, 2), lwd = c(NA, 3, 2),
    pt.cex = c(1.8, 1, 1), horiz = TRUE, bty = "n", inset = c(0, -0.11), xpd = TRUE, text.col = ink, cex = 1.05,
    text.width = NA
  )
}

shinyApp(ui, server)
