"""What a comment may say: texts that do no harm where they are shown, places inside the app, limits. Pure."""

import json
import math
import re
import unicodedata
from datetime import timedelta
from typing import Any

from sandbox_server.errors import BadRequest

MOST_IN_ALL = 500
"""Comments and answers by one link."""
MOST_AT_ONCE = 30
AT_ONCE = timedelta(minutes=10)
"""So many in so much time, by one link."""
MOST_ANSWERS = 200
"""To one comment."""
MOST_PICTURES = 200 * 1024 * 1024
"""Bytes of all pictures that came by one link."""
LARGEST_INPUTS = 64 * 1024
"""Bytes as JSON."""
DEEPEST = 5
"""Lists and tables inside of one another, the table of all inputs included."""
WHOLE = 2**53
"""Beyond it, browsers do not tell whole numbers apart."""

_UNSEEN = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\ufeff"}
"""They turn the direction of the text around them."""
_PATH = re.compile(r"/(?![/\\])[^\\\s\x00-\x1f\x7f-\x9f]*")


def plain(text: str) -> str:
    """Without what is not to be seen but works, such as what moves a terminal's cursor; lines end as on Unix."""
    lines = re.sub(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text)
    return "".join(one for one in lines if one in "\n\t" or not _works(one)).strip()


def said(text: str, what: str = "comment") -> str:
    """The text as it is kept. Raises `BadRequest` if nothing is left of it."""
    if not (kept := plain(text)):
        raise BadRequest(f"The {what} says nothing.", "Write what you mean, then send it.")
    return kept


def path_of(url: str) -> str:
    """The page inside the app's own host. Raises `BadRequest` for whatever could lead elsewhere."""
    if not _PATH.fullmatch(url or "/"):
        raise BadRequest(
            "The place is no page of the app: its address must begin with one slash.",
            "Send the comment without its place.",
        )
    return url or "/"


def inputs_of(inputs: dict[str, Any]) -> dict[str, Any]:
    """As they are kept: only what JSON can say. Raises `BadRequest` beyond the limits."""
    _check_depth(inputs)
    kept: dict[str, Any] = _clean(inputs)
    size = len(json.dumps(kept, ensure_ascii=False).encode())
    if size > LARGEST_INPUTS:
        raise BadRequest(
            f"The app's inputs have {size:,} bytes; at most {LARGEST_INPUTS:,} are kept with a comment.",
            "Send the comment without the inputs.",
        )
    return kept


def _works(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _UNSEEN


def _check_depth(inputs: dict[str, Any]) -> None:
    level: list[Any] = [inputs]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        level = [one for one in level if isinstance(one, dict | list)]
    if level:
        raise BadRequest(
            f"The app's inputs lie more than {DEEPEST} levels deep.", "Send the comment without the inputs."
        )


def _inside(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(str(name)): _clean(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > WHOLE:
        return float(value) if abs(value) < 10**300 else None
    return value


def _text(value: str) -> str:
    """Databases keep no NUL, and nobody keeps half a character."""
    return value.replace("\x00", "").encode(errors="replace").decode()
