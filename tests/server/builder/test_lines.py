"""Cutting a container's output into lines."""

import anyio
import pytest

from sandbox_server.builder.lines import Lines

pytestmark = pytest.mark.anyio


async def test_chunks_become_lines() -> None:
    got: list[str] = []
    lines = Lines(got.append, 1000)
    for chunk in (b"one\ntw", b"o\nthr", b"ee\n"):
        lines.feed(chunk)
    await anyio.lowlevel.checkpoint()
    assert got == ["one", "two", "three"]


async def test_lines_come_from_other_threads() -> None:
    got: list[str] = []
    lines = Lines(got.append, 1000)
    await anyio.to_thread.run_sync(lines.feed, b"from a thread\n")
    await anyio.lowlevel.checkpoint()
    assert got == ["from a thread"]


async def test_too_much_is_cut_off_and_noticed() -> None:
    got: list[str] = []
    lines = Lines(got.append, 10)
    lines.feed(b"short\n")
    assert not lines.overflown
    lines.feed(b"far too long\n")
    await anyio.lowlevel.checkpoint()
    assert lines.overflown
    assert got == ["short"]


async def test_after_closing_nobody_is_told() -> None:
    got: list[str] = []
    lines = Lines(got.append, 1000)
    lines.feed(b"late\n")
    lines.close()
    lines.feed(b"later\n")
    await anyio.lowlevel.checkpoint()
    assert got == []


async def test_bytes_that_are_no_text_do_not_stop_it() -> None:
    got: list[str] = []
    lines = Lines(got.append, 1000)
    lines.feed(b"caf\xe9\r\n")
    await anyio.lowlevel.checkpoint()
    assert got == ["caf\ufffd"]
