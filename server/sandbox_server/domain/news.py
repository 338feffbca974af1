"""What is new, in words: a push's note, or the newest part of a file such as NEWS.md. Pure."""

import re

from sandbox_server.domain.plain_words import Piece, pieces

_MOST = 50
_TITLE = re.compile(
    r"(the )?(news|change ?logs?|changes|history|release notes|what(’|')?s new)\b.*", re.IGNORECASE
)


def lines_of(note: str) -> list[str]:
    """A note's own items and paragraphs."""
    return [piece.text for piece in pieces(note)][:_MOST]


def newest(text: str) -> list[str]:
    """What stands below the first heading, down to the next of its rank; without headings, the first items."""
    found = pieces(text)
    if len(found) > 1 and _is_title(found[0]) and any(piece.kind == "heading" for piece in found[1:]):
        found = found[1:]
    first = next((number for number, piece in enumerate(found) if piece.kind == "heading"), None)
    if first is None:
        return [piece.text for piece in found][:_MOST]
    section: list[str] = []
    for piece in found[first + 1 :]:
        if piece.kind == "heading" and piece.level <= found[first].level:
            break
        section.append(piece.text)
    return section[:_MOST]


def _is_title(piece: Piece) -> bool:
    return piece.kind == "heading" and bool(_TITLE.fullmatch(piece.text))
