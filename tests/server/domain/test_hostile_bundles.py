"""Text that strangers push is read in time that grows with its length, and no faster."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox_server.domain import addon_needs, config, declaration, detection
from sandbox_server.errors import BadConfig, NotAnApp

MIB = 1024 * 1024
MOST = 20
"""Seconds of the processor for all of it; anything that takes time by the square would need hours."""


def long(part: str, size: int = MIB) -> str:
    return (part * (size // len(part) + 1))[:size]


def header(part: str) -> str:
    return f"---\n{part}\n---\n"


BUNDLES = {
    "comments with quotes": {"app.R": "plumb(" + long(' #"…"')},
    "calls without end": {"ui.R": "", "server.R": "", "app.R": long("source(")},
    "one line with server.R": {"ui.R": "", "server.R": "", "app.R": long("(server.R")},
    "calls in calls": {"run.R": "shinyApp(" + long("x<-c(a,")},
    "a text that is not closed": {"run.R": "shinyApp(" + long('r"(')},
    "lines that are empty": {"index.qmd": header("server:" + long("\n "))},
    "a line of spaces": {"index.Rmd": header("output:\n" + long(" ") + "x")},
    "a project of empty lines": {"_quarto.yml": long("\n"), "index.qmd": ""},
    "chunks without end": {"index.Rmd": long("```{r}\n"), "page.Rnw": long("<<>>=\n")},
    "fields": {"app.R": "", "DESCRIPTION": "Package: a\nImports: " + long("a (")},
    "many files": {"app.R": ""} | {f"R/{number}.R": long("library(", 80_000) for number in range(200)},
    "many folders": {f"{number}/{name}": "x" for number in range(5000) for name in ("app.R", "DESCRIPTION")},
}


def read(texts: dict[str, str]) -> Iterator[object]:
    try:
        found = detection.detect(texts, lambda name: texts.get(name, ""))
    except NotAnApp as error:
        yield error
        return
    place: dict[str, Any] = {"kind": found.kind, "folder": found.folder, "entry": found.entry}
    code = declaration.code_of(texts, **place)
    declared = declaration.declare(texts, set(texts), code, **place)
    yield declared
    yield addon_needs.needs_addons(texts, set(texts), declared.requirements, code, **place)


def test_a_hostile_bundle_does_not_stop_the_server() -> None:
    began = time.process_time()
    for texts in BUNDLES.values():
        assert list(read(texts))
    assert time.process_time() - began < MOST


def test_a_configuration_of_a_megabyte_is_refused_unread() -> None:
    with pytest.raises(BadConfig, match="characters"):
        config.parse(long("a.") + "=1")
