"""The R code inside R Markdown, Quarto and Sweave documents."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sandbox_server.domain.loaders import Found

MARKDOWN = (".rmd", ".qmd", ".rmarkdown", ".rpres")
SWEAVE = (".rnw", ".snw")

_FENCE = re.compile(r"^[ \t>]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<rest>.*)$")
_HEADER = re.compile(r"^\{(?P<engine>[A-Za-z][\w]*)(?P<options>[\s,}].*)$")
_NEVER = re.compile(r"\beval\s*=\s*(FALSE|F)\b")
_NEVER_BELOW = re.compile(r"^\s*#\|\s*eval\s*:\s*(false|FALSE|False)\s*$")
_INLINE = re.compile(r"`(?:r|\{r\})[ ]([^`\n]{1,2000})`")
_SWEAVE_INLINE = re.compile(r"\\Sexpr\{([^{}\n]{1,2000})\}")
_SWEAVE_START = re.compile(r"^<<(?P<options>.*)>>=")
_FORMAT = re.compile(
    r"""^\s*(?:-\s*)?(?:[\w.-]+:\s*)?["']?(?P<package>[A-Za-z][A-Za-z0-9.]*[A-Za-z0-9])::\w"""
)
_EXPRESSION = re.compile(r"!(?:r|expr)\s+(?P<code>.+)$")
_INCLUDED = re.compile(r"""^\s*\{\{<\s*include\s+(?P<path>[^\s"'\\>]+)\s*>\}\}""")
_SHINY = re.compile(r"^\s*(?:runtime:\s*[\"']?shiny|server:\s*[\"']?shiny|(?:server|type):\s*shiny)", re.I)

_ENGINES = {
    "python": "reticulate",
    "rcpp": "Rcpp",
    "sql": "DBI",
    "stan": "rstan",
    "d3": "r2d3",
    "cpp11": "cpp11",
}
"""What knitr needs for chunks of another language."""


class Piece(NamedTuple):
    """R code, with the line of the document that it begins on."""

    line: int
    code: str


def is_document(path: str) -> bool:
    return path.lower().endswith(MARKDOWN + SWEAVE)


def pieces(path: str, text: str) -> Iterator[Piece]:
    """Chunks that are evaluated, inline code, and code in the header."""
    return _sweave(text) if path.lower().endswith(SWEAVE) else _markdown(text)


def implied(path: str, text: str) -> Iterator[Found]:
    """Packages that a document needs without naming them in R code."""
    yield Found("knitr", 1)
    if path.lower().endswith(SWEAVE):
        return
    yield Found("rmarkdown", 1)
    for number, line in _header(text):
        if match := _FORMAT.match(line):
            yield Found(match["package"], number)
        if _SHINY.match(line):
            yield Found("shiny", number)
    for number, engine in _engines(text):
        yield Found(engine, number)


def _header(text: str) -> Iterator[tuple[int, str]]:
    lines = text.split("\n", 2000)
    if not lines or lines[0].rstrip() != "---":
        return
    for number, line in enumerate(lines[1:], 2):
        if line.rstrip() in ("---", "..."):
            return
        yield number, line.rstrip()


def _engines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        fence = _FENCE.match(line) if "{" in line else None
        header = _HEADER.match(fence["rest"]) if fence else None
        package = _ENGINES.get(header["engine"].lower()) if header else None
        if header and package and not _NEVER.search(header["options"]):
            yield number, package


def _markdown(text: str) -> Iterator[Piece]:
    for number, line in _header(text):
        if match := _EXPRESSION.search(line):
            yield Piece(number, match["code"])
    closing, start, chunk = "", 0, list[str]()
    evaluated = False
    for number, line in enumerate(text.split("\n"), 1):
        fence = _FENCE.match(line)
        if closing:
            if fence and fence["fence"].startswith(closing) and not fence["rest"].strip():
                if evaluated and not any(_NEVER_BELOW.match(one) for one in chunk[:20]):
                    yield Piece(start, "\n".join(chunk))
                closing = ""
            else:
                chunk.append(line)
        elif fence:
            closing, start, chunk = fence["fence"], number + 1, []
            evaluated = _is_r(fence["rest"])
            if evaluated:
                yield Piece(number, fence["rest"].strip("{}"))
        elif included := _INCLUDED.match(line):
            yield Piece(number, f'"{included["path"]}"')
        else:
            yield from (Piece(number, match[1]) for match in _INLINE.finditer(line))
    if closing and evaluated:
        yield Piece(start, "\n".join(chunk))


def _is_r(rest: str) -> bool:
    header = _HEADER.match(rest)
    return bool(header and header["engine"].lower() == "r" and not _NEVER.search(header["options"]))


def _sweave(text: str) -> Iterator[Piece]:
    start, chunk, evaluated = 0, list[str](), False
    for number, line in enumerate(text.split("\n"), 1):
        if match := _SWEAVE_START.match(line):
            start, chunk, evaluated = number + 1, [], not _NEVER.search(match["options"])
        elif start and line.startswith("@"):
            if evaluated:
                yield Piece(start, "\n".join(chunk))
            start = 0
        elif start:
            chunk.append(line)
        else:
            yield from (Piece(number, match[1]) for match in _SWEAVE_INLINE.finditer(line))
    if start and evaluated:
        yield Piece(start, "\n".join(chunk))
