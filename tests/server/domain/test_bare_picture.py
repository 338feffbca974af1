"""Pictures lose what their maker wrote beside them, and look as before."""

import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.commenting import png
from tests.server.domain.test_picture import GIF, JPEG, LOSSLESS, WEBP

from sandbox_server.domain.bare_picture import MOST_PIECES, without_metadata
from sandbox_server.domain.picture import kind_of
from sandbox_server.errors import BadPicture

SECRET = b"51.5007 N 0.1246 W, by Rita with her phone"
WHOLE_JPEG = JPEG + b"\xff\xd9"
LOOPS = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def piece(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def riff(*pieces: bytes) -> bytes:
    body = b"WEBP" + b"".join(pieces)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def exif(order: str, turn: int) -> bytes:
    """As a camera says how it was held, and where."""
    mark = {"<": b"II", ">": b"MM"}[order]
    head = mark + struct.pack(f"{order}HI", 42, 8) + struct.pack(f"{order}H", 2)
    place = struct.pack(f"{order}HHI4s", 0x8825, 4, 1, b"\0\0\0\0")
    turned = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, turn, 0)
    return segment(0xE1, b"Exif\0\0" + head + place + turned + bytes(4) + SECRET)


@pytest.mark.parametrize("plain", [png(3, 2), GIF, WEBP, LOSSLESS])
def test_what_has_nothing_beside_it_stays_as_it_is(plain: bytes) -> None:
    assert without_metadata(plain) == plain


def test_a_png_keeps_what_is_drawn_alone() -> None:
    plain = png(3, 2)
    clear = chunk(b"tRNS", bytes(6))
    said = b"".join(chunk(name, SECRET) for name in (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"iCCP", b"prVt"))
    full = plain[:33] + said + clear + plain[33:] + SECRET
    assert without_metadata(full) == plain[:33] + clear + plain[33:]


def test_a_jpeg_keeps_what_is_drawn_alone() -> None:
    small_view = segment(0xE0, b"JFIF\0\x01\x02\x01\0\x48\0\x48\x01\x01" + SECRET[:3])
    said = b"".join(segment(marker, SECRET) for marker in (0xE0, 0xE2, 0xED, 0xEF, 0xFE))
    adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01")
    rest = WHOLE_JPEG[20:]  # behind the own head
    full = b"\xff\xd8" + small_view + said + exif(">", 1) + adobe + rest + WHOLE_JPEG + SECRET
    bare = without_metadata(full)
    assert bare == without_metadata(WHOLE_JPEG)[:20] + adobe + rest
    assert SECRET[:3] not in bare


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turn", [2, 6, 8])
def test_a_photograph_stays_turned_as_it_was(order: str, turn: int) -> None:
    bare = without_metadata(b"\xff\xd8" + exif(order, turn) + WHOLE_JPEG[2:])
    assert SECRET not in bare
    assert bare[2:].startswith(b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01")
    assert bare[30:32] == bytes([0, turn])
    assert without_metadata(bare) == bare
    assert kind_of(bare) == kind_of(WHOLE_JPEG)


@pytest.mark.parametrize("body", [b"Exif\0\0MM", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0" + SECRET])
def test_what_a_camera_says_in_no_known_way_goes(body: bytes) -> None:
    assert without_metadata(b"\xff\xd8" + segment(0xE1, body) + WHOLE_JPEG[2:]).count(b"Exif") == 0


def test_a_jpeg_of_several_scans_stays_whole() -> None:
    scan = segment(0xDA, b"\x01\x01\0\0\x3f\0") + b"\x12\xff\x00\x34\xff\xd0\x56"
    full = WHOLE_JPEG[:-2] + segment(0xFE, SECRET) + scan + scan + b"\xff\xd9"
    assert without_metadata(full) == without_metadata(WHOLE_JPEG)[:-2] + scan + scan + b"\xff\xd9"


def test_a_webp_says_no_more_than_it_holds() -> None:
    drawn = WEBP[12:]
    head = bytes([0x20 | 0x10 | 0x08 | 0x04, 0, 0, 0]) + bytes(6)
    said = (
        piece(b"ICCP", SECRET)
        + drawn
        + piece(b"EXIF", SECRET)
        + piece(b"XMP ", SECRET)
        + piece(b"mine", b"x")
    )
    bare = without_metadata(riff(piece(b"VP8X", head), said) + SECRET)
    assert bare == riff(piece(b"VP8X", bytes([0x10, 0, 0, 0]) + bytes(6)), drawn)


def test_a_webp_that_moves_goes_on_moving() -> None:
    frame = bytes(16)
    full = riff(
        piece(b"VP8X", bytes([0x02]) + bytes(9)), piece(b"ANIM", bytes(6)),
        piece(b"ANMF", frame + piece(b"mine", SECRET) + WEBP[12:]),
    )  # fmt: skip
    assert without_metadata(full) == riff(
        piece(b"VP8X", bytes([0x02]) + bytes(9)), piece(b"ANIM", bytes(6)), piece(b"ANMF", frame + WEBP[12:])
    )


def test_frames_of_a_webp_within_frames_are_left_out() -> None:
    """A file of few bytes could else fill the memory, or ask for more calls than there may be."""
    frame, deep = bytes(16), WEBP[12:]
    for _ in range(3000):
        deep = piece(b"ANMF", frame + deep)
    moving = piece(b"VP8X", bytes([0x02]) + bytes(9)), piece(b"ANIM", bytes(6))
    full = riff(*moving, piece(b"ANMF", frame + WEBP[12:] + deep))
    assert without_metadata(full) == riff(*moving, piece(b"ANMF", frame + WEBP[12:]))


def test_a_gif_goes_on_moving_and_says_nothing() -> None:
    said = b"\x21\xfe" + bytes([len(SECRET)]) + SECRET + b"\x00"
    said += b"\x21\xff\x0bXMP DataXMP" + bytes([len(SECRET)]) + SECRET + b"\x00"
    assert without_metadata(GIF[:19] + LOOPS + said + GIF[19:] + SECRET) == GIF[:19] + LOOPS + GIF[19:]


@pytest.mark.parametrize(
    "damaged",
    [
        png()[:50] + b"?" + png()[51:],
        png()[:33] + b"\xff\xff\xff\xfftEXt" + png()[33:],
        WHOLE_JPEG[:20] + b"?" + WHOLE_JPEG[21:],
        riff(WEBP[12:30]) + WEBP[30:],
        riff(piece(b"VP8X", bytes(10)), b"ALPH\xff\xff\xff\x00"),
        GIF[:-3] + b"\x21\x3b\x3b",
        GIF[:13] + b"??" + GIF[13:],
    ],
)
def test_a_damaged_one_is_refused_in_words(damaged: bytes) -> None:
    with pytest.raises(BadPicture, match="whole PNG, JPEG, WebP or GIF"):
        without_metadata(damaged)


def test_one_of_nothing_but_tiny_pieces_is_not_looked_through() -> None:
    many = b"\x21\xfe" + b"\x01?" * (MOST_PIECES + 1) + b"\x00"
    with pytest.raises(BadPicture):
        without_metadata(GIF[:19] + many + GIF[19:])
    assert without_metadata(b"\xff\xd8" + b"\xff" * 1000 + WHOLE_JPEG[3:]) == without_metadata(WHOLE_JPEG)


@given(st.sampled_from([png(3, 2), GIF, WEBP, WHOLE_JPEG]), st.integers(0, 200), st.binary(max_size=40))
def test_no_bytes_whatever_make_more_than_a_refusal(whole: bytes, at: int, other: bytes) -> None:
    with suppress(BadPicture):
        assert kind_of(without_metadata(whole[:at] + other + whole[at:]))
