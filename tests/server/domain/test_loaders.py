"""The ways in which real apps load packages."""

import pytest

from sandbox_server.domain.packages import read_code

NEEDED = [
    ("pacman::p_load(dplyr, 'DT', char = c('sf'))", {"pacman", "dplyr", "DT", "sf"}),
    ("library(pacman)\np_load(dplyr,\n  DT)", {"pacman", "dplyr", "DT"}),
    ("librarian::shelf(dplyr, r-lib/fs, quiet = TRUE)", {"librarian", "dplyr"}),
    ("xfun::pkg_attach('dplyr', 'DT')", {"xfun", "dplyr", "DT"}),
    ("import::from(dplyr, filter, select)", {"import", "dplyr"}),
    ("box::use(dplyr[filter], s = shiny, ./mod, app/view/main, tidyr,)", {"box", "dplyr", "shiny", "tidyr"}),
    ("m <- modules::import('dplyr')", {"modules", "dplyr"}),
    ('use("dplyr", c("filter"))', {"dplyr"}),
    ('data(gapminder, package = "gapminder")', {"gapminder"}),
    ("foreach(i = 1:3, .packages = c('dplyr', 'DT')) %dopar% f(i)", {"dplyr", "DT"}),
    ("lapply(c('dplyr', 'DT'), library, character.only = TRUE)", {"dplyr", "DT"}),
    (
        "pk <- c('dplyr',\n 'DT' # tables\n)\ninvisible(lapply(pk, library, character.only = TRUE))",
        {"dplyr", "DT"},
    ),
    ("pk = c('dplyr')\nfor (p in pk) { library(p, character.only = TRUE) }", {"dplyr"}),
    ("for (p in c('dplyr', 'DT')) suppressMessages(library(p, character.only = T))", {"dplyr", "DT"}),
    ("purrr::walk(c('dplyr'), ~ library(.x, character.only = TRUE))", {"purrr", "dplyr"}),
    ("c('dplyr') %>% lapply(library, character.only = TRUE)", {"dplyr"}),
    ("x <- 'dplyr'; library(x, character.only = TRUE)", {"dplyr"}),
    (
        "sapply(c('dplyr'), function(p) {\n if (!require(p, character.only = TRUE)) {\n install.packages(p)\n"
        " library(p, character.only = TRUE)\n }\n})",
        {"dplyr"},
    ),
    (
        "load_all <- function(p) library(p, character.only = TRUE)\nload_all('dplyr')\nload_all(c('DT'))",
        {"dplyr", "DT"},
    ),
    ("library(shiny);library(DT)#x", {"shiny", "DT"}),
    ("if (interactive()) library(DT) else library(dplyr)", {"DT", "dplyr"}),
    ("if (FALSE) {\n library(no)\n} else library(yes)", {"yes"}),
    ("clusterEvalQ(cl, { library(dplyr) })", {"dplyr"}),
    ("ui <- shiny::fluidPage(DT::DTOutput('x'))\r\nlibrary(dplyr)\r\n", {"shiny", "DT", "dplyr"}),
]
TRIED = [
    "lapply(c('dplyr'), require, character.only = TRUE)",
    "pk <- c('dplyr')\nsapply(pk, require, character.only = TRUE)",
    "for (p in c('dplyr')) { if (!require(p)) install.packages(p) }",
    "ipak <- function(pkg) {\n new <- pkg[!(pkg %in% installed.packages()[, 'Package'])]\n"
    " if (length(new)) install.packages(new)\n sapply(pkg, require, character.only = TRUE)\n}\nipak(c('dplyr'))",
    "usePackage <- function(p) {\n if (!is.element(p, installed.packages()[,1])) install.packages(p)\n"
    " require(p, character.only = TRUE)\n}\nusePackage('dplyr')",
    "if (!require('dplyr')) install.packages('dplyr')",
    "system.file('x', package = 'dplyr')",
    "packageVersion('dplyr')",
]
NOTHING = [
    "install.packages('dplyr')",
    "install.packages(c('dplyr', 'DT'))",
    "devtools::install_github('tidyverse/dplyr')",
    "remotes::install_version('dplyr', '1.0')",
    "BiocManager::install('limma')",
    "if (FALSE) library(dplyr)",
    "if (F) {\n  library(dplyr)\n}\n",
    "if (0) { if (x) { library(dplyr) } }",
    "#' @import dplyr\nNULL",
    "for (p in x) library(p, character.only = TRUE)",
    "f <- function(shinyName) requireNamespace(shinyName)",
    "tabPanel('dplyr::filter', helpText('use library(dplyr)'))",
    "get('requireNamespace')",
    "paths('library', x)",
    "a <- c('dplyr'); plot(a, 'library')",
    "self$require(dplyr)",
]


def used(source: str) -> dict[str, int]:
    return {package: use.line for package, use in read_code({"app.R": source}).uses.items()}


def needed(source: str) -> set[str]:
    return {package for package, use in read_code({"app.R": source}).uses.items() if not use.tried}


@pytest.mark.parametrize(("source", "packages"), NEEDED)
def test_what_the_app_cannot_do_without_is_needed(source: str, packages: set[str]) -> None:
    assert packages <= needed(source)
    assert set(used(source)) <= packages | {"fs"}


@pytest.mark.parametrize("source", TRIED)
def test_what_the_app_only_tries_is_optional(source: str) -> None:
    assert needed(source) == set()
    assert list(used(source)) == ["dplyr"]


@pytest.mark.parametrize("source", NOTHING)
def test_what_only_looks_like_a_use_is_none(source: str) -> None:
    assert used(source) == {}


def test_functions_that_ask_for_a_suggested_package_name_it() -> None:
    source = "ui <- includeMarkdown('a.md')\ncon <- dbConnect(RSQLite::SQLite())\ntbl(con, 'x')"
    assert used(source) == {"markdown": 1, "RSQLite": 2, "dbplyr": 3}
    assert needed(source) == {"RSQLite"}


def test_a_method_of_train_names_its_package() -> None:
    source = "fit <- caret::train(y ~ ., data = d, method = 'rf')\nset(method = 'gbm', c('rf'))"
    assert used(source) == {"caret": 1, "randomForest": 1}


def test_hostile_loops_take_no_longer_than_long_ones() -> None:
    for source in (
        "lapply(x, library)\n" * 20_000,
        "function(x) {" * 20_000 + "library(x, character.only=TRUE)\n" * 20_000,
        "c(" * 100_000,
        "x <- c('a')\n" * 20_000 + "for (x in x) library(x)\n" * 5_000,
        "if (FALSE) {" * 50_000,
    ):
        used(source)
