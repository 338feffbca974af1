# Rscript run.R
shiny::runApp("kiosk")
