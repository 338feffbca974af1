"""Deadlines and clocks that jump."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain.stopwatch import Stopwatch

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = 86400.0
HOUR = 3600.0


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_it_works() -> None:
    watch = Stopwatch()
    assert not watch.is_over("d1", later(HOUR), NOON, 0)
    assert not watch.is_over("d1", later(HOUR), later(HOUR - 1), HOUR - 1)
    assert watch.is_over("d1", later(HOUR), later(HOUR), HOUR)


def test_what_ends_now_ends_now() -> None:
    assert Stopwatch().is_over("d1", NOON, later(2), 0)


@given(st.floats(-10 * DAY, 10 * DAY), st.floats(0, HOUR - 1))
def test_a_clock_that_jumps_ends_nothing_too_soon(jump: float, gone: float) -> None:
    watch = Stopwatch()
    watch.is_over("d1", later(HOUR), NOON, 0)
    assert not watch.is_over("d1", later(HOUR), later(gone + jump), gone)
    assert watch.is_over("d1", later(HOUR), later(HOUR + jump), HOUR)


def test_what_is_long_overdue_at_first_sight_is_looked_at_twice() -> None:
    watch = Stopwatch()
    assert not watch.is_over("d1", NOON, later(DAY), 0)
    assert not watch.is_over("d1", NOON, later(DAY + 2), 2)
    assert watch.is_over("d1", NOON, later(DAY + 6), 6)


def test_a_clock_that_was_put_back_makes_no_span_longer() -> None:
    watch = Stopwatch()
    assert not watch.is_over("d1", later(DAY), NOON, 0, span=10)
    assert watch.is_over("d1", later(DAY), later(10), 10, span=10)


def test_a_deadline_that_was_moved_counts_anew() -> None:
    watch = Stopwatch()
    assert not watch.is_over("d1", later(HOUR), NOON, 0)
    assert not watch.is_over("d1", later(2 * HOUR), later(HOUR), HOUR)
    assert watch.is_over("d1", later(2 * HOUR), later(2 * HOUR), 2 * HOUR)


def test_what_nobody_asks_about_is_forgotten() -> None:
    watch = Stopwatch()
    watch.is_over("d1", later(HOUR), NOON, 0)
    watch.forget_all_but({"d2"})
    assert watch == Stopwatch()
