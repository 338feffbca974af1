"""Freeze windows: times at which nothing is released. Pure.

A window is meant as the clock on the wall shows it. Where that clock is put back, a window begins with the first and
ends with the last of two equal times; where it is put forward, a time that does not come is passed with the jump.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

FORMS = 'write "2026-12-20..2027-01-06" or, for each week, "Fri 16:00..Mon 08:00"'

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEK = timedelta(days=7)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WEEKLY = re.compile(r"(?P<day>[a-z]{3,9})(\s+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}))?", re.IGNORECASE)


@dataclass(frozen=True)
class Dates:
    """From one day to another, both included."""

    first: date
    last: date

    def ends(self, now: datetime, zone: tzinfo) -> datetime | None:
        """When it is over, as the wall shows it; None: it is not that time."""
        if not self.first <= now.astimezone(zone).date() <= self.last:
            return None
        beyond = self.last + timedelta(days=1) if self.last < date.max else self.last
        return datetime.combine(beyond, time(), zone)


@dataclass(frozen=True)
class Weekly:
    """From one moment of each week to another; after Monday 00:00."""

    start: timedelta
    end: timedelta
    """At most a week after `start`: it may lie in the next week."""

    def ends(self, now: datetime, zone: tzinfo) -> datetime | None:
        """When it is over, as the wall shows it; None: it is not that time."""
        wall = now.astimezone(zone).replace(tzinfo=None)
        this_week = datetime.combine(wall.date() - timedelta(days=wall.weekday()), time())
        for week in (this_week - _WEEK, this_week):
            start, end = week + self.start, week + self.end
            if start <= wall < end or _instant(start, zone, 0) <= now < _instant(end, zone, 1):
                return end.replace(tzinfo=zone)
        return None


Window = Dates | Weekly


def parse(text: str) -> Window:
    """Raises `ValueError` with a sentence."""
    first, _, last = (part.strip() for part in text.partition(".."))
    if _DATE.fullmatch(first) and (not last or _DATE.fullmatch(last)) and text.strip(" .") == text.strip():
        return _dates(text, first, last or first)
    begins, ends = _WEEKLY.fullmatch(first), _WEEKLY.fullmatch(last)
    if not (begins and ends):
        raise ValueError(f"{text[:60]!r} is no freeze window; {FORMS}")
    return _weekly(text, begins, ends)


def _dates(text: str, first: str, last: str) -> Dates:
    try:
        window = Dates(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError as error:
        raise ValueError(f"{text!r} names a day that no calendar has") from error
    if window.last < window.first:
        raise ValueError(f"{text!r} ends before it begins")
    return window


def _weekly(text: str, begins: re.Match[str], ends: re.Match[str]) -> Weekly:
    start = _moment(text, begins, of_day=time())
    end = _moment(text, ends, of_day=None)
    if start == end:
        raise ValueError(f"{text!r} begins when it ends, so it says nothing")
    if (end - start) % _WEEK == timedelta():
        raise ValueError(f"{text!r} is the whole week: nothing could ever be released")
    return Weekly(start, end if end > start else end + _WEEK)


def _moment(text: str, found: re.Match[str], *, of_day: time | None) -> timedelta:
    """After Monday 00:00. A day without a time is meant whole: it begins at 00:00 and ends at 24:00."""
    day = next((n for n, name in enumerate(_DAYS) if found["day"].lower() in (name, name[:3])), None)
    if day is None:
        raise ValueError(f"{text!r}: {found['day']!r} is no day; write Mon, Tue, Wed, Thu, Fri, Sat or Sun")
    if found["hour"] is None:
        return timedelta(days=day if of_day is not None else day + 1)
    hour, minute = int(found["hour"]), int(found["minute"])
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise ValueError(f"{text!r}: {found['hour']}:{found['minute']} is no time of a day")
    return timedelta(days=day, hours=hour, minutes=minute)


def _instant(wall: datetime, zone: tzinfo, fold: int) -> datetime:
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
