fluidPage(titlePanel("two files"), textOutput("greeting"))
