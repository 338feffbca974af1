"""Logs that outlive their containers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox_server.store import Logs
from sandbox_server.store.logs import last_time, read, read_on
from sandbox_server.wire import LogLine

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def lines(count: int, length: int = 10) -> list[LogLine]:
    return [
        LogLine(time=NOON + timedelta(seconds=number), stream="stdout", text="x" * length)
        for number in range(count)
    ]


@pytest.mark.parametrize(("count", "length"), [(1, 10), (2, 10), (3000, 10), (3, 100_000), (1, 100_000)])
def test_the_newest_line_is_found_from_the_end(tmp_path: Path, count: int, length: int) -> None:
    path = tmp_path / "a" / "run.jsonl"
    Logs(tmp_path).save(path, lines(count, length))
    assert last_time(path) == read(path, tail=1)[0].time == NOON + timedelta(seconds=count - 1)


def test_a_line_that_is_still_being_written_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    Logs(tmp_path).save(path, lines(2))
    with path.open("a") as file:
        file.write('{"time": "2026-')
    assert last_time(path) == NOON + timedelta(seconds=1)


def test_without_lines_there_is_no_time(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "begun").write_text('{"time"')
    assert [last_time(tmp_path / name) for name in ("absent", "empty", "begun")] == [None] * 3


def test_a_log_is_followed_from_where_it_was_left(tmp_path: Path) -> None:
    path, logs = tmp_path / "build.jsonl", Logs(tmp_path)
    assert read_on(path, 0) == ([], 0)
    logs.save(path, lines(3))
    first, at = read_on(path, 0, tail=2)
    assert first == lines(3)[1:]
    with path.open("a") as file:
        file.write('{"time": "2026-')
    assert read_on(path, at) == ([], at)
    path.write_bytes(path.read_bytes()[:at])
    logs.save(path, lines(1))
    assert read_on(path, at) == (lines(1), path.stat().st_size)
