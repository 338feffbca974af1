"""What people write in Markdown, as plain headings, items and paragraphs, with no markup left. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

LONGEST = 500
"""Characters of an item."""
_READ = 2 * LONGEST
"""Of a line: patterns would take long on the lines of somebody who wants that."""

_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s(.*)")
_UNDERLINE = re.compile(r"\s{0,3}(=+|-{2,})\s*")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,4}[.)])\s+(?:\[[ xX]\]\s+)?(.*)")
_LINK = re.compile(r"!?\[([^][]*)\]\(([^()\s]*)\)")
_STRONG = re.compile(r"(\*\*|__|`{1,3}|~~)(?=\S)(.+?)(?<=\S)\1")
_WEAK = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*_]+?)(?<=\S)\1(?![\w*])")


@dataclass(frozen=True)
class Piece:
    kind: Literal["heading", "item", "paragraph"]
    text: str
    level: int = 0
    """Of a heading."""


def pieces(text: str) -> list[Piece]:
    """In order; those that say nothing, such as ruled lines, are left out."""
    return [piece for piece in _pieces(text) if any(one.isalnum() for one in piece.text)]


def _pieces(text: str) -> Iterator[Piece]:
    kind: Literal["item", "paragraph"] = "paragraph"
    held: list[str] = []
    for line in _lines(text):
        heading, item = _HEADING.fullmatch(line), _ITEM.fullmatch(line)
        if held and kind == "paragraph" and len(held) == 1 and _UNDERLINE.fullmatch(line):
            yield Piece("heading", _plain(held.pop()), 1 if "=" in line else 2)
        elif heading or item or not line.strip():
            yield Piece(kind, _plain(" ".join(held)))
            kind, held = ("item", [item[1]]) if item else ("paragraph", [])
            if heading:
                yield Piece("heading", _plain(heading[2].strip().rstrip("#")), len(heading[1]))
        else:
            held.append(line)
    yield Piece(kind, _plain(" ".join(held)))


def _lines(text: str) -> Iterator[str]:
    """Without comments and what stands between fences."""
    fenced = False
    for line in _COMMENT.sub("", text).splitlines():
        if _FENCE.match(line):
            fenced = not fenced
            yield ""
        elif not fenced:
            yield line[:_READ]


def _plain(text: str) -> str:
    """One line, without marks of emphasis; a link keeps its address."""
    text = _LINK.sub(_named, text[:_READ])
    for _ in range(2):
        text = _WEAK.sub(r"\2", _STRONG.sub(r"\2", text))
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _named(link: re.Match[str]) -> str:
    return link[1] if link[2] in ("", link[1]) else f"{link[1]} ({link[2]})"
