"""Cutting a container's output into lines."""

from itertools import pairwise

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
    lines = Lines(got.append, 100)
    lines.feed(b"short\n")
    assert not lines.overflown
    lines.feed(b"far too long\n")
    await lines.delivered()
    assert lines.overflown
    assert got == ["short"]


@pytest.mark.parametrize("chunk", [b"y\n" * 1000, b"\x01" * 3000 + b"\n", b"x" * 20_000])
async def test_what_a_log_would_take_is_counted(chunk: bytes) -> None:
    lines = Lines(print, 16_000)
    lines.feed(chunk)
    assert lines.overflown


async def test_a_flood_of_lines_comes_whole_and_lets_others_work() -> None:
    got: list[str] = []
    lines = Lines(got.append, 10**8)
    seen = [0]
    async with anyio.create_task_group() as others:
        others.start_soon(anyio.to_thread.run_sync, lines.feed, b"y\n" * 10_000)
        while len(got) < 10_000:
            await anyio.lowlevel.checkpoint()
            seen.append(len(got))
    assert max(after - before for before, after in pairwise(seen)) <= 400
    await anyio.to_thread.run_sync(lines.feed, b"last\n")
    await lines.delivered()
    assert got[-1] == "last"


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
