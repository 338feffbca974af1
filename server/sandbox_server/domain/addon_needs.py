"""Add-ons that an app needs, as its files show it."""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from sandbox_server.domain.addons import Addon
from sandbox_server.domain.documents import is_document
from sandbox_server.domain.kind import Kind
from sandbox_server.domain.packages import AppCode
from sandbox_server.domain.project import places
from sandbox_server.domain.requirement import Requirement

_BY_PACKAGE = {
    "reticulate": Addon.python,
    "tensorflow": Addon.python,
    "keras": Addon.python,
    "keras3": Addon.python,
    "rJava": Addon.java,
    "xlsx": Addon.java,
    "XLConnect": Addon.java,
    "RJDBC": Addon.java,
    "tabulizer": Addon.java,
    "tabulapdf": Addon.java,
    "mailR": Addon.java,
    "RWeka": Addon.java,
    "openNLP": Addon.java,
    "qdap": Addon.java,
    "extraTrees": Addon.java,
    "h2o": Addon.java,
    "webshot": Addon.chromium,
    "webshot2": Addon.chromium,
    "chromote": Addon.chromium,
    "pagedown": Addon.chromium,
    "quarto": Addon.quarto,
}
_PDF = re.compile(
    r"""^\s*(?:-\s*)?(?:(?:output|format)\s*)?(?::\s*)?["']?
    (?:(?:rmarkdown|bookdown|tufte|rticles|pinp|vitae)::)?
    (?P<format>pdf_document2?|beamer_presentation2?|pdf_book|tufte_handout|latex_document|
    [a-z0-9_]+_article|pdf|beamer)\b["']?\s*:?""",
    re.VERBOSE,
)
_PDF_CODE = re.compile(
    r"\b(?:pdf_document2?|beamer_presentation2?|latexmk|pdflatex|xelatex|lualatex|texi2pdf)\s*\("
    r"|[\"']pdf_document2?[\"']"
)
_MOST_LINES = 200
_MOST_PLACES = 100
_LONGEST = 500
"""Characters of a line that are looked at."""


class AddonNeed(NamedTuple):
    addon: Addon
    why: str
    """One sentence, with the file and line."""
    sure: bool
    """It cannot work without; otherwise some part of the app may not."""


def needs_addons(
    texts: Mapping[str, str],
    paths: Collection[str],
    requirements: Collection[Requirement],
    code: AppCode,
    *,
    kind: Kind,
    folder: str = "",
    entry: str = "",
) -> list[AddonNeed]:
    """Each add-on once, with the strongest sign of it. A locked package that no code uses is no sign."""
    found: dict[Addon, AddonNeed] = {}
    for one in _signs(texts, paths, requirements, code, kind, folder, entry):
        if one.addon not in found or (one.sure and not found[one.addon].sure):
            found[one.addon] = one
    return sorted(found.values())


def _signs(
    texts: Mapping[str, str],
    paths: Collection[str],
    requirements: Collection[Requirement],
    code: AppCode,
    kind: Kind,
    folder: str,
    entry: str,
) -> Iterator[AddonNeed]:
    yield from _by_package(requirements, code)
    for path in places(folder, "requirements.txt"):
        if path in paths:
            yield AddonNeed(Addon.python, f"{path} names Python packages.", sure=False)
    if kind.is_quarto:
        yield AddonNeed(Addon.quarto, f"{entry} is {kind.label}.", sure=True)
    for path in sorted(code.running):
        text = texts.get(path, "")
        if is_document(path):
            yield from _of_document(path, text, sure=path == entry and kind.renders)
        elif line := _line(text, _PDF_CODE):
            yield AddonNeed(Addon.latex, f"{path}:{line} makes a PDF with LaTeX.", sure=False)


def _by_package(requirements: Collection[Requirement], code: AppCode) -> Iterator[AddonNeed]:
    wanted = {one.name for one in requirements if not one.optional}
    for name, use in code.uses.items():
        addon = _BY_PACKAGE.get(name)
        if addon and name in wanted and not use.tried:
            yield AddonNeed(addon, f"{use} uses {name}.", sure=name == "reticulate")


def _of_document(path: str, text: str, *, sure: bool) -> Iterator[AddonNeed]:
    if path.lower().endswith((".rnw", ".snw")):
        yield AddonNeed(Addon.latex, f"{path} is a LaTeX document.", sure)
    elif line := _in_header(text):
        yield AddonNeed(Addon.latex, f"{path}:{line} asks for a PDF made with LaTeX.", sure)
    elif path.lower().endswith(".qmd") and not sure:
        yield AddonNeed(Addon.quarto, f"{path} is a Quarto document.", sure)


def _in_header(text: str) -> int:
    """The line of the header that names a PDF format, if it is the document's first format; 0 if none."""
    lines = text.split("\n", _MOST_LINES)[:_MOST_LINES]
    if not lines or lines[0].rstrip() != "---":
        return 0
    formats = False
    for number, whole in enumerate(lines[1:], 2):
        line = whole[:_LONGEST]
        if line.rstrip() in ("---", "..."):
            return 0
        if re.match(r"(output|format)\s*:", line):
            formats = True
            if _PDF.match(line) and line.split(":", 1)[1].strip():
                return number
            if line.split(":", 1)[1].strip():
                return 0
        elif formats and line.strip() and not line.lstrip().startswith("#"):
            return number if line[0] in " \t-" and _PDF.match(line) else 0
    return 0


def _line(text: str, sign: re.Pattern[str]) -> int:
    """The first line with `sign` that is no comment; 0 if none."""
    for match in islice(sign.finditer(text), _MOST_PLACES):
        before = text[max(0, match.start() - _LONGEST) : match.start()].rpartition("\n")[2]
        if not before.lstrip().startswith("#"):
            return text.count("\n", 0, match.start()) + 1
    return 0
