# What the platform learns of sessions: that they start and end, how long they take to show something, and where they
# fail. Never what people type or see; an error's words only where the platform itself was the visitor.

most_events <- 500L
most_errors <- 20L # of one session: what ticks and fails would push out everything else
longest_place <- 120L # characters
longest_message <- 200L
visit_mark <- " SandboxVisit/1$"

seen <- new.env(parent = emptyenv())

# Shiny's own functions are watched, because every way of starting an app ends in them. Where a version of Shiny has
# other ones, less is known, and the app runs all the same.
observe_sessions <- function() {
  seen$events <- list()
  seen$last <- 0L
  seen$count <- 0L
  seen$open <- list()
  seen$idle <- 0
  seen$woke <- seen$opened <- NULL
  seen$since <- now()
  for (watch in list(watch_server, watch_waiting, watch_sessions)) {
    tryCatch(watch(), error = function(problem) {
      note("this version of Shiny is observed in part only: ", conditionMessage(problem))
    })
  }
}

# Nothing of ours may disturb the app.
quietly <- function(work) tryCatch(work, error = function(problem) NULL)

now <- function() as.numeric(Sys.time())

# Never negative, also if the machine's clock was put back.
since <- function(then) max(0, now() - then)

# The server

watch_server <- function() {
  start_server <- httpuv::startServer
  replace_in(parent.env(asNamespace("shiny")), "startServer", function(host, port, app, ...) {
    seen$since <- now()
    seen$idle <- 0
    start_server(host, port, quietly_or(watched_app(app), app), ...)
  })
}

quietly_or <- function(work, otherwise) if (is.null(made <- quietly(work))) otherwise else made

watched_app <- function(app) {
  answer <- app$call
  open <- app$onWSOpen
  app$call <- function(request) {
    woken()
    if (!is_ours(request)) return(answer(request))
    answer_platform(request)
  }
  app$onWSOpen <- function(socket) {
    woken()
    seen$opened <- NULL
    taken <- open(socket)
    if (!is.null(seen$opened)) quietly(watch_socket(socket, seen$opened))
    taken
  }
  app$staticPaths[["__sandbox__"]] <- httpuv::excludeStaticPath()
  app
}

watch_socket <- function(socket, session) {
  force(session) # another one is opened before this one ends
  heard <- function(handle) function(binary, message) {
    woken()
    if (is_ping(message)) return()
    withCallingHandlers(handle(binary, message), error = function(problem) {
      quietly(saw_error(session, c("server", place_of_error(problem, sys.calls())), problem))
    })
  }
  socket$messageCallbacks <- lapply(socket$messageCallbacks, heard)
  socket$closeCallbacks <- c(list(function() quietly(saw_end(session))), socket$closeCallbacks)
}

# What the page sends to keep its connection, see page.js.
is_ping <- function(message) identical(message, as.raw(c(0x03, 0xe9)))

# Busy is all time but that in which R waits. What wakes R without our knowledge counts by its processor time.
watch_waiting <- function() {
  wait <- httpuv::service
  replace_in(parent.env(asNamespace("shiny")), "service", function(timeout) {
    seen$woke <- NULL
    began <- now()
    computed <- processor_time()
    on.exit({
      until <- if (is.null(seen$woke)) now() - (processor_time() - computed) else seen$woke
      seen$idle <- seen$idle + max(0, until - began)
    })
    wait(timeout)
  })
}

woken <- function() if (is.null(seen$woke)) seen$woke <- now()

processor_time <- function() sum(proc.time()[1:2])

# Sessions

watch_sessions <- function() {
  sessions <- get("ShinySession", asNamespace("shiny"))
  follow_method(sessions, "public", "initialize", function(session, socket) saw_start(session, socket))
  follow_method(sessions, "public", "unhandledError", function(session, problem, close = TRUE) {
    if (isTRUE(close)) saw_fatal(session, problem)
  })
  follow_method(sessions, "private", "sendMessage", function(session, ...) {
    errors <- list(...)$errors
    for (name in names(errors)) saw_output_error(session, name, errors[[name]])
  })
}

# The class's method does what it did; ours hears of each call: after an object was made, else before.
follow_method <- function(class, part, name, hear) {
  methods <- class[[paste0(part, "_methods")]]
  kept <- paste0("sandbox_", name)
  if (!is.null(methods[[kept]])) return()
  class$set("private", kept, methods[[name]])
  told <- function(...) quietly(hear(...))
  body <- if (name == "initialize") {
    bquote({ private[[.(kept)]](...); .(told)(self, ...); invisible() })
  } else {
    bquote({ .(told)(self, ...); private[[.(kept)]](...) })
  }
  class$set(part, name, as.function(c(alist(... = ), body)), overwrite = TRUE)
}

saw_start <- function(session, socket) {
  seen$count <- seen$count + 1L
  agent <- socket$request$HTTP_USER_AGENT
  one <- new.env(parent = emptyenv())
  one$name <- as.character(seen$count)
  one$session <- session
  one$visit <- is.character(agent) && grepl(visit_mark, agent[[1]])
  one$began <- now()
  one$errors <- 0L
  seen$open[[session$token]] <- one
  seen$opened <- one
  record(one, "start")
  session$onFlushed(function() quietly(record(one, "flush", seconds = since(one$began))))
  quietly(show_notice(session))
}

saw_end <- function(one) {
  if (is.null(one$session)) return()
  seen$open[[one$session$token]] <- NULL
  one$session <- NULL
  record(one, "end", seconds = since(one$began))
}

# Errors

saw_output_error <- function(session, name, shown) {
  kinds <- as.character(shown$type)
  if (any(kinds %in% c("shiny.silent.error", "validation", "shiny.output.cancel"))) return()
  one <- seen$open[[session$token]]
  place <- if (name == "__reactivedoc__") "document" else c("output", name)
  if (!is.null(one)) saw_error(one, place, shown, kinds)
}

# An error that nobody caught ends the session.
saw_fatal <- function(session, problem) {
  one <- seen$open[[session$token]]
  if (is.null(one)) return()
  saw_error(one, c("observer", place_of_error(problem)), problem)
  tell_page(session, list(kind = "failed"))
}

saw_error <- function(one, place, problem, kinds = class(problem)) {
  if (inherits(problem, "shiny.silent.error")) return()
  kinds <- setdiff(kinds, c("error", "condition", "shiny.error.fatal"))
  one$errors <- one$errors + 1L
  record(
    one, "error", kept = one$errors <= most_errors,
    place = substr(paste(place, collapse = " "), 1L, longest_place),
    condition = substr(if (length(kinds)) kinds[[1]] else "simpleError", 1L, longest_place),
    message = if (one$visit) substr(paste(problem$message, collapse = " "), 1L, longest_message)
  )
}

place_of_error <- function(problem, calls = NULL) {
  trace <- attr(problem, "stack.trace", exact = TRUE)
  quietly(place_in_function(if (is.list(trace)) trace else calls))
}

# What is kept, and what is told

record <- function(one, kind, ..., kept = TRUE) {
  seen$last <- seen$last + 1L
  if (!kept) return()
  event <- list(number = seen$last, at = now(), kind = kind, session = one$name, visit = one$visit, ...)
  events <- c(seen$events, list(Filter(Negate(is.null), event)))
  seen$events <- if (length(events) > most_events) events[-1L] else events
}

report <- function(after) {
  newer <- Filter(function(event) event$number > after, seen$events)
  visits <- sum(vapply(seen$open, function(one) one$visit, NA))
  uptime <- since(seen$since)
  list(
    last = seen$last, sessions = length(seen$open) - visits, visits = visits, uptime = uptime,
    busy = max(0, uptime - seen$idle), memory = resident_memory(), notice = notice_id(),
    lost = max(0L, seen$last - as.integer(after)) - length(newer), events = as_rows(newer)
  )
}

# As a table: written as JSON in a fiftieth of the time that single events take. What an event has not, is left out.
as_rows <- function(events) {
  if (!length(events)) return(list())
  column <- function(name, none) {
    vapply(events, function(event) if (is.null(event[[name]])) none else event[[name]], none)
  }
  data.frame(
    number = column("number", 0L), at = column("at", 0), kind = column("kind", ""), session = column("session", ""),
    visit = column("visit", NA), seconds = column("seconds", NA_real_), place = column("place", NA_character_),
    condition = column("condition", NA_character_), message = column("message", NA_character_)
  )
}

resident_memory <- function() {
  pages <- as.numeric(strsplit(readLines("/proc/self/statm", 1L), " ", fixed = TRUE)[[1]][[2]])
  pages * 4096
}
