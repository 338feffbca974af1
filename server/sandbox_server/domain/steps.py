"""What to try, one step after the other: from a publisher's words, or from a file such as uat.md. Pure."""

from sandbox_server.domain.plain_words import pieces

MOST = 200


def parse(text: str) -> list[str]:
    """The items of its lists; of a text without lists, its lines. Headings are left out, and what is there twice."""
    found = [piece.text for piece in pieces(text) if piece.kind == "item"]
    if not found:
        lines = [pieces(line) for line in text.splitlines()]
        found = [one.text for line in lines for one in line if one.kind == "paragraph"]
    return list(dict.fromkeys(found))[:MOST]
