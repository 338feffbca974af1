"""Pictures that people give: told by their bytes, never by what somebody says of them. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sandbox_server.domain.octets import big, little
from sandbox_server.errors import BadPicture, TooLarge

LARGEST = 5 * 1024 * 1024
"""Bytes."""

LONGEST_SIDE = 16_384
MOST_POINTS = 50_000_000
"""Four bytes each in the memory of whoever looks at it."""

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=3600",
}
"""How a browser is told to show it, whatever its bytes hold."""

MOST_PARTS = 20_000
"""Chunks and segments that are looked at: a file of nothing but tiny ones would keep everybody waiting."""

NOT_WHOLE = "This is not a whole PNG, JPEG, WebP or GIF picture."

PNG = b"\x89PNG\r\n\x1a\n"
_NO_SIZE = {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG that look like those of a frame, and are none."""


@dataclass(frozen=True)
class Kind:
    media_type: str
    ending: str
    """Of a file's name."""
    width: int
    height: int


def kind_of(data: bytes) -> Kind:
    """Raises `BadPicture` for what is no whole picture that every browser shows, `TooLarge` for one too heavy."""
    if len(data) > LARGEST:
        raise TooLarge(
            f"The picture has {len(data):,} bytes; at most {LARGEST:,} are taken.",
            "Cut it to the part that matters, or save it as JPEG.",
        )
    try:
        found = _known(data)
    except (IndexError, ValueError):
        found = None
    if found is None:
        raise BadPicture(NOT_WHOLE)
    longest = max(found.width, found.height)
    if (
        not min(found.width, found.height)
        or longest > LONGEST_SIDE
        or found.width * found.height > MOST_POINTS
    ):
        raise BadPicture(f"The picture has {found.width} x {found.height} points, which is not taken.")
    return found


def _known(data: bytes) -> Kind | None:
    if data.startswith(PNG):
        return _png(data)
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return _gif(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data)
    return None


def _png(data: bytes) -> Kind | None:
    chunks = list(islice(_png_chunks(data), MOST_PARTS))
    if not chunks or chunks[0] != (b"IHDR", 13) or chunks[-1] != (b"IEND", 0):
        return None
    if b"IDAT" not in {name for name, _ in chunks}:
        return None
    return Kind("image/png", "png", big(data, 16, 4), big(data, 20, 4))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Name and length of each, up to the last one that is whole."""
    at = len(PNG)
    while at + 12 <= len(data):
        name, length = data[at + 4 : at + 8], big(data, at, 4)
        at += 12 + length
        if at > len(data) or not re.fullmatch(rb"[A-Za-z]{4}", name):
            return
        yield name, length
        if name == b"IEND":
            return


def _jpeg(data: bytes) -> Kind | None:
    at, size = 2, None
    for _ in range(MOST_PARTS):
        if data[at] != 0xFF:
            return None
        if data[at + 1] == 0xFF:
            at += 1
            continue
        marker, length = data[at + 1], big(data, at + 2, 2)
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            size = (big(data, at + 7, 2), big(data, at + 5, 2))
        at += 2 + length
        if marker == 0xDA:
            whole = data.find(b"\xff\xd9", at) > 0
            return Kind("image/jpeg", "jpg", *size) if size and whole else None
        if length < 2:
            return None
    return None


def _gif(data: bytes) -> Kind | None:
    if data.find(b"\x2c", 13) < 0 or data.find(b"\x3b", 14) < 0:
        return None
    return Kind("image/gif", "gif", little(data, 6, 2), little(data, 8, 2))


def _webp(data: bytes) -> Kind | None:
    if little(data, 4, 4) + 8 > len(data):
        return None
    if data[12:16] == b"VP8X":
        return _of_webp(little(data, 24, 3) + 1, little(data, 27, 3) + 1)
    if data[12:16] == b"VP8L" and data[20] == 0x2F:
        bits = little(data, 21, 4)
        return _of_webp((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if data[12:16] == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return _of_webp(little(data, 26, 2) & 0x3FFF, little(data, 28, 2) & 0x3FFF)
    return None


def _of_webp(width: int, height: int) -> Kind:
    return Kind("image/webp", "webp", width, height)
