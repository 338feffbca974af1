"""Add-ons that an app's files show to need."""

import pytest

from sandbox_server.domain.addon_needs import AddonNeed, needs_addons
from sandbox_server.domain.addons import Addon
from sandbox_server.domain.declaration import code_of, declare
from sandbox_server.domain.kind import Kind


def needs(files: dict[str, str], entry: str, kind: Kind = Kind.shiny) -> list[AddonNeed]:
    code = code_of(files, kind=kind, entry=entry)
    declared = declare(files, files, code, kind=kind, entry=entry)
    return needs_addons(files, files, declared.requirements, code, kind=kind, entry=entry)


def test_packages_that_need_one_name_it_with_the_line() -> None:
    files = {
        "app.R": "library(shiny)\nlibrary(reticulate)\nxlsx::read.xlsx('a')",
        "requirements.txt": "numpy",
    }
    assert needs(files, "app.R") == [
        AddonNeed(Addon.java, "app.R:3 uses xlsx.", sure=False),
        AddonNeed(Addon.python, "app.R:2 uses reticulate.", sure=True),
    ]


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("output: pdf_document", 2),
        ("title: x\noutput:\n  pdf_document:\n    toc: true", 4),
        ("output:\n  bookdown::pdf_document2: default", 3),
        ("output: beamer_presentation", 2),
        ("output: html_document", 0),
        ("output:\n  html_document: default\n  pdf_document: default", 0),
    ],
)
def test_a_document_whose_first_format_is_pdf_needs_latex(header: str, line: int) -> None:
    found = needs({"a.Rmd": f"---\n{header}\n---\n"}, "a.Rmd", Kind.rmd)
    wanted = (
        [AddonNeed(Addon.latex, f"a.Rmd:{line} asks for a PDF made with LaTeX.", sure=True)] if line else []
    )
    assert found == wanted


def test_quarto_is_needed_by_quarto_and_not_by_a_stray_document() -> None:
    assert needs({"a.qmd": "---\n---\n"}, "a.qmd", Kind.quarto)[0].sure
    assert needs({"app.R": "library(shiny)", "notes.qmd": "# Notes"}, "app.R") == []
