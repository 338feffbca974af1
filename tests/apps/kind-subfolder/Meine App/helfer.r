gruss <- function() "Grüße aus"
