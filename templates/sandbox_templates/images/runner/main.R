# Starts an app inside its container: the bundle lies read-only in the image, the app gets a writable copy of it.
# Everything of ours lives in an environment of its own: the app finds its global environment empty.

local({

ours <- new.env(parent = .BaseNamespaceEnv) # nothing of the app hides what base has
for (file in list.files("/opt/sandbox/runner", "[.]R$", full.names = TRUE)) {
  if (basename(file) != "main.R") sys.source(file, envir = ours)
}
if (nzchar(Sys.getenv("SANDBOX_CHILD"))) ours$start_child() else ours$start()

})
