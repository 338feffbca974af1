"""When nothing is released: in the app's time zone, over the turn of weeks, and where clocks are set."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain.freeze import Dates, Weekly, parse

BERLIN = ZoneInfo("Europe/Berlin")
WEEKEND = "Fri 16:00..Mon 08:00"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Kiritimati",
     "America/Havana", "Africa/Casablanca", "America/St_Johns"]
).map(ZoneInfo)  # fmt: skip
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def closed(window: str, moment: datetime, zone: ZoneInfo = BERLIN) -> bool:
    return parse(window).ends(moment, zone) is not None


@pytest.mark.parametrize(
    ("window", "moment", "expected"),
    [
        ("2026-12-20..2027-01-06", "2026-12-19 23:59:59", False),
        ("2026-12-20..2027-01-06", "2026-12-20 00:00:00", True),
        ("2026-12-20..2027-01-06", "2027-01-06 23:59:59", True),
        ("2026-12-20..2027-01-06", "2027-01-07 00:00:00", False),
        ("2026-12-24", "2026-12-24 12:00", True),
        ("2026-12-24", "2026-12-25 00:00", False),
        (" 2026-12-24 .. 2026-12-24 ", "2026-12-24 23:00", True),
        (WEEKEND, "2026-11-20 15:59:59", False),
        (WEEKEND, "2026-11-20 16:00", True),
        (WEEKEND, "2026-11-22 12:00", True),
        (WEEKEND, "2026-11-23 07:59:59", True),
        (WEEKEND, "2026-11-23 08:00", False),
        (WEEKEND, "2026-11-18 12:00", False),
        ("friday 16:00..MONDAY 8:00", "2026-11-22 12:00", True),
        ("Tue 09:00..Tue 11:30", "2026-11-24 11:29", True),
        ("Tue 09:00..Tue 11:30", "2026-11-24 11:30", False),
        ("Tue 11:30..Tue 09:00", "2026-11-24 10:00", False),
        ("Tue 11:30..Tue 09:00", "2026-11-24 12:00", True),
        ("Tue 11:30..Tue 09:00", "2026-11-23 12:00", True),
        ("Sat..Sun", "2026-11-20 23:59", False),
        ("Sat..Sun", "2026-11-21 00:00", True),
        ("Sat..Sun", "2026-11-22 23:59", True),
        ("Sat..Sun", "2026-11-23 00:00", False),
        ("Sat 00:00..Sun 24:00", "2026-11-22 23:59", True),
        ("Sun 24:00..Mon 08:00", "2026-11-23 07:00", True),
        ("Sun 24:00..Mon 08:00", "2026-11-22 23:00", False),
        ("Sun..Mon", "2026-11-23 12:00", True),
        ("Sun..Mon", "2026-11-24 00:00", False),
    ],
)
def test_a_moment_lies_in_a_window_or_not(window: str, moment: str, expected: bool) -> None:
    assert closed(window, at(moment)) is expected


def test_the_same_moment_is_friday_afternoon_in_one_place_only() -> None:
    moment = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
    assert closed(WEEKEND, moment, ZoneInfo("Europe/Berlin"))
    assert not closed(WEEKEND, moment, ZoneInfo("America/New_York"))


def test_it_is_told_when_it_ends() -> None:
    assert parse(WEEKEND).ends(at("2026-11-21 12:00"), BERLIN) == at("2026-11-23 08:00")
    assert parse(WEEKEND).ends(at("2026-11-23 07:00"), BERLIN) == at("2026-11-23 08:00")
    assert parse("2026-12-20..2026-12-31").ends(at("2026-12-24 12:00"), BERLIN) == at("2027-01-01 00:00")


def test_an_hour_that_comes_twice_is_closed_from_its_first_to_its_last() -> None:
    """On 25 October 2026, 02:30 comes at 00:30 and at 01:30 UTC."""
    until, since = "Sat 20:00..Sun 02:30", "Sun 02:30..Sun 12:00"
    minutes = [datetime(2026, 10, 25, tzinfo=UTC) + timedelta(minutes=n) for n in range(180)]
    assert [closed(until, moment) for moment in minutes] == [n < 90 for n in range(180)]
    assert [closed(since, moment) for moment in minutes] == [n >= 30 for n in range(180)]


def test_an_hour_that_does_not_come_is_passed_with_the_jump() -> None:
    """On 29 March 2026, 02:00 is 03:00 at 01:00 UTC."""
    until, since = "Sat 20:00..Sun 02:30", "Sun 02:30..Sun 12:00"
    minutes = [datetime(2026, 3, 29, tzinfo=UTC) + timedelta(minutes=n) for n in range(180)]
    assert [closed(until, moment) for moment in minutes] == [n < 60 for n in range(180)]
    assert [closed(since, moment) for moment in minutes] == [n >= 60 for n in range(180)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is no freeze window"),
        ("christmas", "is no freeze window"),
        ("Fri 16:00-Mon 08:00", "is no freeze window"),
        ("16:00..08:00", "is no freeze window"),
        ("2026-12-20..", "is no freeze window"),
        ("2026-12-20..Mon 08:00", "is no freeze window"),
        ("2026-12-20T10:00..2026-12-21", "is no freeze window"),
        ("2026-13-01..2026-13-02", "no calendar has"),
        ("2026-02-30", "no calendar has"),
        ("2027-01-06..2026-12-20", "ends before it begins"),
        ("Fri 16:00..Fri 16:00", "says nothing"),
        ("Mon..Sun", "is the whole week"),
        ("Wed 00:00..Tue 24:00", "says nothing"),
        ("Fry 16:00..Mon 08:00", "'Fry' is no day"),
        ("Fri 16:60..Mon 08:00", "16:60 is no time"),
        ("Fri 24:01..Mon 08:00", "24:01 is no time"),
        ("x" * 100, "is no freeze window"),
    ],
)
def test_what_is_no_window_is_refused_in_words(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse(text)


@given(st.integers(0, 6), st.times(), st.integers(0, 6), st.times(), MOMENTS, ZONES)
def test_away_from_set_clocks_a_week_is_as_the_wall_shows_it(
    first: int, start: time, last: int, end: time, moment: datetime, zone: ZoneInfo
) -> None:
    begins, ends = (
        timedelta(days=day, hours=t.hour, minutes=t.minute) for day, t in ((first, start), (last, end))
    )
    if begins == ends:
        return
    wall = moment.astimezone(zone)
    of_week = timedelta(days=wall.weekday()) + (
        wall.replace(tzinfo=None) - datetime.combine(wall.date(), time())
    )
    inside = begins <= of_week < ends if begins < ends else of_week >= begins or of_week < ends
    window = f"{DAYS[first]} {start:%H:%M}..{DAYS[last]} {end:%H:%M}"
    around = (moment - timedelta(hours=3)).astimezone(zone), (moment + timedelta(hours=3)).astimezone(zone)
    if around[0].utcoffset() == around[1].utcoffset():
        assert closed(window, moment, zone) is inside
    elif inside:
        assert closed(window, moment, zone), "what the wall shows to be closed is closed"


@given(st.integers(0, 6), st.times(), st.integers(1, 7 * 24 * 60 - 1), MOMENTS, ZONES)
def test_a_week_has_one_beginning_and_one_end(
    first: int, start: time, minutes: int, moment: datetime, zone: ZoneInfo
) -> None:
    """Within seven days a window opens and closes once, wherever clocks are set."""
    begins = timedelta(days=first, hours=start.hour, minutes=start.minute)
    window = Weekly(begins, begins + timedelta(minutes=minutes))
    steps = [window.ends(moment + timedelta(minutes=15 * n), zone) is not None for n in range(7 * 24 * 4 - 8)]
    turns = sum(a != b for a, b in pairwise(steps))
    assert turns <= 2


@given(MOMENTS, ZONES)
def test_it_is_over_when_it_says(moment: datetime, zone: ZoneInfo) -> None:
    for window in (parse(WEEKEND), parse("2024-01-01..2029-12-31")):
        if ends := window.ends(moment, zone):
            last = ends.replace(fold=1).astimezone(UTC)
            assert last > moment
            assert not isinstance(window, Dates) or window.ends(last, zone) is None
