"""A picture as it is drawn, without what was written beside it: place, camera, author, an older view of it. Pure."""

import re
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from sandbox_server.domain.octets import big, little, part
from sandbox_server.domain.picture import MOST_PARTS, NOT_WHOLE, PNG, kind_of
from sandbox_server.errors import BadPicture

MOST_PIECES: Final = 200_000
"""Pieces of at most 255 bytes, of which a GIF is made: four times as many as those of the largest that is taken."""

_DRAWN_PNG: Final = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB"}
_DRAWN_WEBP: Final = {b"VP8 ", b"VP8L", b"ALPH"}
_SAID_WEBP: Final = 0x20 | 0x08 | 0x04
"""Flags of a WebP: it has a colour profile, EXIF, XMP."""
_JFIF: Final = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
"""That colours are as in every JPEG; without the small view that may stand here."""
_REPEATED: Final = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""Within the points of a JPEG: the next one that is no part of them."""
_FILLED: Final = re.compile(rb"\xff+[^\x00\xff]", re.DOTALL)
"""One with as much before it as somebody liked."""


def without_metadata(data: bytes) -> bytes:
    """It looks as before, a photograph's turn included. Raises `BadPicture` for a damaged one, `TooLarge`."""
    strip = _STRIP[kind_of(data).media_type]
    try:
        bare = strip(data)
    except (IndexError, ValueError):
        raise BadPicture(NOT_WHOLE) from None
    kind_of(bare)
    return bare


def _png(data: bytes) -> bytes:
    kept, at, name = [PNG], len(PNG), b""
    for _ in range(MOST_PARTS):
        if name == b"IEND":
            return b"".join(kept)
        length = big(data, at, 4)
        name, chunk = part(data, at + 4, 4), part(data, at, 12 + length)
        at += 12 + length
        if name not in _DRAWN_PNG:
            continue
        if zlib.crc32(chunk[4:-4]) != big(chunk, 8 + length, 4):
            raise ValueError(name)
        kept.append(chunk)
    raise ValueError(at)


def _jpeg(data: bytes) -> bytes:
    kept = [b"\xff\xd8"]
    for marker, segment in _segments(data):
        if marker == 0xE0 and segment[4:9] == b"JFIF\x00" and len(kept) == 1:
            kept.append(_JFIF)
        elif marker == 0xE1 and segment[4:10] == b"Exif\x00\x00":
            kept.append(_turned(_turn(segment[10:])))
        elif marker == 0xEE and segment[4:9] == b"Adobe":
            kept.append(segment)  # how its colours are to be read
        elif marker != 0xFE and not 0xE0 <= marker <= 0xEF:
            kept.append(segment)
    return b"".join(kept)


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each, its points included, up to the end of the picture: others may lie behind it."""
    at = 2
    for _ in range(MOST_PARTS):
        found = _FILLED.match(data, at)
        if not found:
            raise ValueError(at)
        at = found.end() - 2
        marker = data[at + 1]
        if marker == 0xD9:
            yield marker, data[at : at + 2]
            return
        end = at + 2 + _length(data, at + 2)
        if marker == 0xDA:
            after = _MARKER.search(data, end)
            if not after:
                raise ValueError(end)
            end = after.start()
        yield marker, part(data, at, end - at)
        at = end
    raise ValueError(at)


def _length(data: bytes, at: int) -> int:
    length = big(data, at, 2)
    if length < 2:
        raise ValueError(at)
    return length


def _turn(exif: bytes) -> int:
    """How the camera was held, 1 to 8; 1, upright, if it does not say."""
    number = {b"MM": big, b"II": little}.get(exif[:2])
    if number is None:
        return 1
    try:
        table = number(exif, 4, 4)
        for entry in range(table + 2, table + 2 + 12 * number(exif, table, 2), 12):
            if number(exif, entry, 2) == 0x0112:
                found = number(exif, entry + 8, 2)
                return found if 1 <= found <= 8 else 1
    except ValueError:
        return 1
    return 1


def _turned(turn: int) -> bytes:
    if turn == 1:
        return b""
    table = b"\x00\x01" + b"\x01\x12\x00\x03\x00\x00\x00\x01" + bytes([0, turn, 0, 0]) + bytes(4)
    return b"\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08" + table


def _webp(data: bytes) -> bytes:
    # What its head says may be one byte less than there is: pieces have an even length.
    parts = _webp_parts(data[12 : 8 + little(data, 4, 4)])
    kept = b"WEBP" + b"".join(_bare_webp(name, body) for name, body in parts)
    return b"RIFF" + len(kept).to_bytes(4, "little") + kept


def _webp_parts(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and bytes of each."""
    at = 0
    for _ in range(MOST_PARTS):
        if at >= len(data):
            return
        name, length = part(data, at, 4), little(data, at + 4, 4)
        yield name, part(data, at + 8, length)
        at += 8 + length + length % 2
    if at < len(data):
        raise ValueError(at)


def _bare_webp(name: bytes, body: bytes) -> bytes:
    if name == b"VP8X":
        return _webp_part(name, bytes([body[0] & ~_SAID_WEBP]) + body[1:])
    if name == b"ANMF":
        # Not deeper: thousands of frames, each within the next, would each hold a copy of all the rest.
        inner = (_webp_part(*one) for one in _webp_parts(body[16:]) if one[0] in _DRAWN_WEBP)
        return _webp_part(name, body[:16] + b"".join(inner))
    return _webp_part(name, body) if name == b"ANIM" or name in _DRAWN_WEBP else b""


def _webp_part(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


def _gif(data: bytes) -> bytes:
    at = 13 + _colours(data, 10)
    kept, pieces = [part(data, 0, at)], 0
    while data[at] != 0x3B:
        begin = at
        what = part(data, at, 2)
        if what[0] == 0x2C:
            at += 10 + _colours(data, at + 9) + 1
        elif what[0] == 0x21:
            at += 2
        else:
            raise ValueError(at)
        says = data[at : at + 12]
        while length := data[at]:
            at, pieces = at + 1 + length, pieces + 1
        at, pieces = at + 1, pieces + 1
        if pieces > MOST_PIECES:
            raise ValueError(at)
        if what[0] == 0x2C or what[1] == 0xF9 or (what[1] == 0xFF and says in _REPEATED):
            kept.append(data[begin:at])
    return b"".join([*kept, b"\x3b"])


def _colours(data: bytes, at: int) -> int:
    """Bytes of the table of colours that is announced there."""
    flags = data[at]
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


_STRIP: Final[dict[str, Callable[[bytes], bytes]]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
    "image/gif": _gif,
}
