months <- c(3, 5, 4, 8)
