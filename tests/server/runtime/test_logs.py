"""The engine's log format."""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from sandbox_server.runtime.logs import LONGEST_LINE, log_lines

TIME = "2026-03-01T12:00:00.{}Z "


def frame(text: str, stream: int = 1, nanos: str = "123456789") -> bytes:
    data = (TIME.format(nanos) + text).encode()
    return struct.pack(">BxxxL", stream, len(data)) + data


def texts(chunks: Iterable[bytes], since: datetime | None = None) -> list[str]:
    return [line.text for line in log_lines(chunks, since)]


def test_a_line_has_stream_time_and_text() -> None:
    [line] = log_lines([frame("hello\n", stream=2)])
    assert (line.stream, line.text) == ("stderr", "hello")
    assert line.at == datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_chunks_may_end_anywhere(size: int) -> None:
    stream = frame("one\n") + frame("zwei ä\n", stream=2) + frame("\n")
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert texts(chunks) == ["one", "zwei ä", ""]


def test_since_leaves_out_the_line_whose_time_was_cut_to_microseconds() -> None:
    since = datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)
    lines = [frame("old\n"), frame("new\n", nanos="123457000")]
    assert texts(lines, since) == ["new"]


def test_times_come_with_any_number_of_digits() -> None:
    [line] = log_lines([frame("x\n", nanos="5")])
    assert line.at.microsecond == 500_000


def test_pieces_of_a_long_line_are_joined_by_stream() -> None:
    assert texts([frame("a" * 10), frame("err\n", stream=2), frame("b\n")]) == ["err", "a" * 10 + "b"]


def test_a_very_long_line_is_cut_and_says_so() -> None:
    [line] = texts([frame("a" * LONGEST_LINE), frame("b" * 50), frame("c\n")])
    assert line == "a" * LONGEST_LINE + "…"


def test_a_line_without_an_end_is_shown_at_the_end() -> None:
    assert texts([frame("half")]) == ["half"]


def test_bytes_that_are_no_text_do_no_harm() -> None:
    data = TIME.format("1").encode() + b"\xff\xfe\n"
    assert texts([struct.pack(">BxxxL", 1, len(data)) + data]) == ["\ufffd\ufffd"]
