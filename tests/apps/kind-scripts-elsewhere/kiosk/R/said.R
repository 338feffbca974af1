from_everywhere <- function() "from many files"
