from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain.packages import Use, read_code

APP = """\
library(shiny)
library("dplyr"); require('tidyr')
# library(commented)
if (requireNamespace("DT", quietly = TRUE)) DT::datatable(x)
scales:::comma(1)
suppressPackageStartupMessages(library(ggplot2, quietly = TRUE))
x <- "library(quoted) not::this"
y <- r"---(library(raw) raw::raw)---"
"""


def used(source: str) -> dict[str, int]:
    return {package: use.line for package, use in uses_of({"app.R": source}).items()}


def uses_of(files: Mapping[str, str]) -> dict[str, Use]:
    return read_code(files).uses


def test_it_works() -> None:
    assert used(APP) == {"shiny": 1, "dplyr": 2, "tidyr": 2, "DT": 4, "scales": 5, "ggplot2": 6}


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("library(package = shiny)", "shiny"),
        ("library(quietly = TRUE, shiny)", "shiny"),
        ("library(`shiny`)", "shiny"),
        ("base::library(shiny)", "shiny"),
        ('"shiny"::runApp()', "shiny"),
        ("`shiny`::runApp()", "shiny"),
        ("library(\n  shiny # here\n)", "shiny"),
        ('library("shiny", character.only = TRUE)', "shiny"),
        ("loadNamespace('data.table')", "data.table"),
        ('x <- "it\\"s"; library(shiny)', "shiny"),
        ("x <- R'[ library(a) ]'; library(shiny)", "shiny"),
        ("änderung <- 1; library(shiny)", "shiny"),
    ],
)
def test_every_way_to_name_a_package_is_seen(source: str, package: str) -> None:
    assert list(used(source)) == [package]


@pytest.mark.parametrize(
    "source",
    [
        "library(pkg, character.only = TRUE)",
        "requireNamespace(pkg)",
        "obj$library(x)",
        "library()",
        "library(help = shiny)",
        "library(paste0('a', 'b'))",
        "stats::sd(1)",
        "library(utils)",
        "my.library(x)",
        "x[[1]] ::",
        "'unclosed library(a)",
        "r'(unclosed library(a)",
        "# a::b",
        "library(x$y)",
        "f <- library",
        "library(1)",
        "`a::b`",
    ],
)
def test_what_is_not_known_for_sure_is_left_out(source: str) -> None:
    assert used(source) == {}


@given(st.text(alphabet="library(rR\"'`)[]{}-\\\n#:,=$ax ", max_size=200))
def test_no_source_makes_it_fail(source: str) -> None:
    used(source)


def test_hostile_sources_take_no_longer_than_long_ones() -> None:
    for source in ("library(" * 50_000, 'r"(' * 50_000, "'\\" * 50_000, "`" * 99_999, "((((" * 50_000):
        used(source)


def test_the_first_use_is_named_and_only_r_files_are_read() -> None:
    files = {
        "R/plot.R": "\nlibrary(ggplot2)",
        "app.R": "library(shiny)\n",
        "z.r": "library(shiny)",
        "a.txt": "library(no)",
    }
    assert uses_of(files) == {"shiny": Use("app.R", 1), "ggplot2": Use("R/plot.R", 2)}


def test_a_package_that_is_only_tried_is_told_from_one_that_is_needed() -> None:
    uses = uses_of({"app.R": 'if (requireNamespace("nowhere")) nowhere2::f()\nrequire(nowhere3)'})
    assert {name for name, use in uses.items() if not use.tried} == {"nowhere2"}


def test_a_package_that_is_tried_and_then_needed_is_needed() -> None:
    uses = uses_of({"app.R": 'requireNamespace("nowhere")', "R/b.R": "library(nowhere)"})
    assert uses == {"nowhere": Use("R/b.R", 1)}


def test_what_is_too_long_is_read_in_part_and_that_is_said() -> None:
    code = read_code({"app.R": "library(shiny)\n" + "x(" * 100_000, "b.R": "library(DT)"})
    assert set(code.uses) == {"shiny", "DT"}
    assert code.notices == ("app.R: too long to be read to the end for packages.",)
    many = {f"R/{name}.R": "x(" * 100_000 for name in "abcde"}
    assert read_code(many).notices == (
        "R/a.R and 4 more files: too long to be read to the end for packages.",
    )
