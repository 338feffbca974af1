api <- Plumber$new() %>%
  pr_get("/twice", function(n) 2 * as.numeric(n)) %>%
  pr_set_api_spec(function(spec) c(spec, list("x-team" = "sales")))

api$run(host = "127.0.0.1", port = 8000)
