"""Which R files of an app its start leads to."""

from collections.abc import Mapping

from sandbox_server.domain.r_code import tokens
from sandbox_server.domain.reach import reached_by


def reached(files: Mapping[str, str], entry: str) -> frozenset[str]:
    return reached_by({path: list(tokens(text)) for path, text in files.items()}, entry)


def test_what_shiny_loads_by_itself_is_reached() -> None:
    files = {"app.R": "", "global.R": "", "R/helpers.R": "", "R/drafts/one.R": "", ".Rprofile": ""}

    assert reached(files, "app.R") == set(files) - {"R/drafts/one.R"}


def test_a_script_that_nothing_names_is_not() -> None:
    files = {"app.R": "library(shiny)", "prepare/clean.R": "library(sparklyr)", "scrape.R": "library(rvest)"}

    assert reached(files, "app.R") == {"app.R"}


def test_what_is_sourced_is_reached_and_what_that_sources_too() -> None:
    files = {
        "app.R": 'source("Helpers.R")',
        "helpers.R": "source(file.path('deep', \"more.R\"))",
        "deep/more.R": "1",
        "deep/other.R": "1",
    }

    assert reached(files, "app.R") == set(files) - {"deep/other.R"}


def test_folders_that_are_listed_are_reached() -> None:
    files = {
        "server.R": 'lapply(list.files("modules", full.names = TRUE), source)',
        "modules/a.R": "",
        "x/b.R": "",
    }

    assert reached(files, "server.R") == {"server.R", "modules/a.R"}


def test_in_a_subfolder_the_app_starts_there() -> None:
    files = {"shiny/app.R": 'source("util.R")', "shiny/util.R": "", "shiny/R/x.R": "", "analysis.R": ""}

    assert reached(files, "shiny/app.R") == {"shiny/app.R", "shiny/util.R", "shiny/R/x.R"}


def test_comments_lead_nowhere() -> None:
    assert reached({"app.R": '# source("old.R")', "old.R": ""}, "app.R") == {"app.R"}
