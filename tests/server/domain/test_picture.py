"""What is a picture, told by its bytes."""

import base64
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.commenting import png

from sandbox_server.domain.picture import LARGEST, MOST_PARTS, kind_of
from sandbox_server.errors import BadPicture, TooLarge

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
WEBP = base64.b64decode("UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=")
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////"
    "////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA="
)
LOSSLESS = b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8L" + struct.pack("<I", 18) + b"\x2f" + bytes(17)


@pytest.mark.parametrize(
    ("data", "media_type", "size"),
    [
        (png(3, 2), "image/png", (3, 2)),
        (GIF, "image/gif", (1, 1)),
        (WEBP, "image/webp", (1, 1)),
        (LOSSLESS, "image/webp", (1, 1)),
        (JPEG + b"\xff\xd9", "image/jpeg", (1, 1)),
    ],
)
def test_it_works(data: bytes, media_type: str, size: tuple[int, int]) -> None:
    found = kind_of(data)
    assert (found.media_type, (found.width, found.height)) == (media_type, size)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"BM" + bytes(100),
        b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
        b"GIF89a/*<script>alert(1)</script>*/",
        b"\xff\xd8\xff\xe0",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        png()[:-12],
        JPEG,
        GIF[:-1],
        WEBP[:-10],
    ],
)
def test_what_is_none_or_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(BadPicture):
        kind_of(data)


@pytest.mark.parametrize(
    ("begin", "part", "end"),
    [
        (b"\xff\xd8", b"\xff\xe0\x00\x02", JPEG[2:] + b"\xff\xd9"),
        (b"\xff\xd8", b"\xff", JPEG[2:] + b"\xff\xd9"),
        (png()[:33], b"\x00\x00\x00\x00tEXt\x00\x00\x00\x00", png()[33:]),
    ],
)
def test_one_of_nothing_but_tiny_parts_is_not_looked_through(begin: bytes, part: bytes, end: bytes) -> None:
    assert kind_of(begin + part * 50 + end)
    with pytest.raises(BadPicture):
        kind_of(begin + part * MOST_PARTS + end)


def test_it_is_not_too_heavy() -> None:
    with pytest.raises(TooLarge, match="5,242,880"):
        kind_of(png() + bytes(LARGEST))


@pytest.mark.parametrize(("width", "height"), [(0, 1), (20_000, 1), (10_000, 10_000)])
def test_one_that_unpacks_to_something_huge_is_refused(width: int, height: int) -> None:
    data = png()
    with pytest.raises(BadPicture, match="points"):
        kind_of(data[:16] + struct.pack(">II", width, height) + data[24:])


@given(
    st.sampled_from(
        [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF....WEBPVP8X", b"RIFF....WEBPVP8L"]
    ),
    st.binary(max_size=200),
)
def test_no_bytes_whatever_make_more_than_a_refusal(begin: bytes, rest: bytes) -> None:
    with suppress(BadPicture):
        assert kind_of(begin + rest).width > 0
