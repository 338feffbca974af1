"""How available, and what was promised."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox_server.domain.availability import Seen, by_day, patience, percent, promised

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(minutes: float, ok: bool = True) -> Seen:
    return Seen(NOON + timedelta(minutes=minutes), ok)


def measured(*visits: Seen, now: float) -> float | None:
    return percent(visits, 300, NOON + timedelta(minutes=now))


@pytest.mark.parametrize(
    ("sla", "found"),
    [
        ("99.5 %", 99.5), ("99,5%", 99.5), ("Mo-Fr 8-18 Uhr, 99 % im Monat", 99), ("100%", 100), ("best effort", None),
        ("", None), ("5 days, 500 %, then 98.25 %", 98.25), ("0 %", None), ("1999 %", None), ("99.5 percent", None),
        ("9" * 10_000 + "%", None),
    ],
)  # fmt: skip
def test_what_was_promised_is_found_in_words(sla: str, found: float | None) -> None:
    assert promised(sla) == found


def test_without_visits_nothing_is_known() -> None:
    assert measured(now=5) is None


def test_a_visit_speaks_until_the_next_one() -> None:
    assert measured(at(0), at(5), at(10, ok=False), at(15), now=20) == 75
    assert measured(at(0), now=5) == 100
    assert measured(at(0, ok=False), now=5) == 0


def test_looking_more_often_in_bad_times_changes_nothing() -> None:
    often = [at(5 + second / 60, ok=False) for second in range(0, 300, 10)]
    assert measured(at(0), *often, at(10), now=20) == 75


def test_time_in_which_nobody_looked_does_not_count() -> None:
    assert measured(at(0, ok=False), at(10_000), now=10_010) == 50


def test_a_clock_that_was_put_back_does_no_harm() -> None:
    assert measured(at(60), at(10), at(15, ok=False), now=20) == 50
    assert measured(at(60, ok=False), now=0) == 0


def test_days_are_counted() -> None:
    days = by_day([at(0), at(1, ok=False), at(24 * 60)])
    assert [(day.day, total, failed) for day, total, failed in days] == [(2, 2, 1), (3, 1, 0)]


def test_an_app_that_hangs_is_given_up_sooner_than_one_that_is_slow() -> None:
    assert patience(60, usual=0.8) == 20
    assert patience(60, usual=10) == 40
    assert patience(60, usual=300) == 60
    assert patience(5, usual=0) == 5
