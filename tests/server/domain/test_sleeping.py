"""When something goes to sleep."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox_server.domain.sleeping import may_sleep, must_tell_use, release_may_sleep, release_sleeps

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES: dict[str, Any] = {
    "ready_at": NOON - timedelta(days=1), "replaced_at": None, "used_at": None, "sessions": 0,
    "sleep_after": 900, "settle": 10, "drain_deadline": 3600, "now": NOON,
}  # fmt: skip


@dataclass
class Made:
    created_at: datetime


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def sleeps(**given: Any) -> bool:
    return may_sleep(**{**RULES, **given})


def test_it_works() -> None:
    assert sleeps()
    assert not sleeps(sessions=1)
    assert not sleeps(used_at=ago(899))
    assert sleeps(used_at=ago(900))


def test_an_unknown_count_means_awake() -> None:
    assert not sleeps(sessions=None)
    assert not sleeps(sessions=None, replaced_at=ago(7200), ready_at=ago(9000))


def test_what_just_came_up_stays_for_the_whole_time() -> None:
    assert not sleeps(ready_at=ago(899))
    assert not sleeps(ready_at=None)


def test_a_time_of_nothing_still_lets_pages_open_their_session() -> None:
    assert not sleeps(sleep_after=0, used_at=ago(9))
    assert sleeps(sleep_after=0, used_at=ago(10))


@pytest.mark.parametrize(
    ("left", "sessions", "drain", "expected"),
    [
        (5, 0, 3600, False),
        (60, 0, 3600, True),
        (60, 1, 3600, False),
        (7200, 1, 3600, True),
        (7200, 1, None, False),
    ],
)
def test_a_replaced_one_goes_with_its_last_session_or_at_the_deadline(
    left: float, sessions: int, drain: float | None, expected: bool
) -> None:
    assert sleeps(replaced_at=ago(left), used_at=ago(1), sessions=sessions, drain_deadline=drain) is expected


def test_a_replaced_one_that_somebody_woke_stays_as_long_as_any_other() -> None:
    assert not sleeps(replaced_at=ago(7200), ready_at=ago(600))
    assert sleeps(replaced_at=ago(7200), ready_at=ago(901))
    assert not sleeps(replaced_at=ago(9e6), ready_at=ago(8e6), sessions=1)


def test_a_release_sleeps_after_as_long_without_use() -> None:
    def goes(made: float, used: float | None, sessions: int | None) -> bool:
        used_at = None if used is None else ago(used)
        return release_may_sleep(
            made_at=ago(made), used_at=used_at, sessions=sessions, sleep_after=900, now=NOON
        )

    assert goes(1000, None, 0)
    assert not goes(800, None, 0)
    assert not goes(1000, 800, 0)
    assert not goes(1000, None, 1)
    assert not goes(1000, None, None)


def test_a_newer_release_than_the_sleep_runs() -> None:
    assert release_sleeps([Made(ago(60))], ago(30))
    assert not release_sleeps([Made(ago(60)), Made(ago(10))], ago(30))
    assert not release_sleeps([Made(ago(60))], None)


def test_use_is_written_once_a_minute_and_a_time_yet_to_come_is_mended() -> None:
    assert must_tell_use(None, 900, NOON)
    assert not must_tell_use(ago(59), 900, NOON)
    assert must_tell_use(ago(60), 900, NOON)
    assert must_tell_use(ago(-3600), 900, NOON)
    assert must_tell_use(ago(2), 10, NOON)
