# The process: what a laptop would have set.

python <- "/opt/python/bin/python" # the add-on's, with what requirements.txt names

prepare_process <- function() {
  options(warn = 1, keep.source = TRUE)
  if (!l10n_info()[["UTF-8"]]) Sys.setlocale("LC_ALL", "C.UTF-8")
  limit_threads(cpu_limit())
  skip_installing()
  Sys.setenv(RENV_CONFIG_AUTOLOADER_ENABLED = "FALSE")
  if (file.exists(python) && !nzchar(Sys.getenv("RETICULATE_PYTHON"))) Sys.setenv(RETICULATE_PYTHON = python)
}

cpu_limit <- function() {
  stated <- suppressWarnings(as.numeric(Sys.getenv("SANDBOX_CPUS")))
  if (is.na(stated)) stated <- cgroup_cpus()
  max(1L, as.integer(ceiling(stated)))
}

cgroup_cpus <- function() {
  one <- function(path) if (file.exists(path)) readLines(path, 1L, warn = FALSE) else NULL
  both <- one("/sys/fs/cgroup/cpu.max")
  quota <- if (is.null(both)) {
    c(one("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), one("/sys/fs/cgroup/cpu/cpu.cfs_period_us"))
  } else {
    strsplit(both, " ", fixed = TRUE)[[1]]
  }
  quota <- suppressWarnings(as.numeric(quota))
  if (length(quota) == 2 && !anyNA(quota) && quota[[1]] > 0) quota[[1]] / quota[[2]] else 1
}

# Libraries see the host's processors, not the container's share: more threads than that only wait for each other.
limit_threads <- function(cpus) {
  names <- c(
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "RCPP_PARALLEL_NUM_THREADS", "R_DATATABLE_NUM_THREADS", "ARROW_NUM_THREADS",
    "R_PARALLELLY_AVAILABLECORES_SYSTEM", "MC_CORES"
  )
  unset <- names[!nzchar(Sys.getenv(names))]
  do.call(Sys.setenv, as.list(stats::setNames(rep(as.character(cpus), length(unset)), unset)))
  options(mc.cores = cpus, Ncpus = cpus)
}
