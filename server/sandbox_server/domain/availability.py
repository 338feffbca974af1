"""How available a release was, by the platform's own visits, and what was promised. Pure rules."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

SHORTEST = 10 * 60.0
"""Seconds for which a visit says something at the least, however short the time between two visits is meant to be."""

_PERCENT = re.compile(r"(?<![\d.,])(?P<whole>\d{1,3})(?:[.,](?P<part>\d{1,6}))?\s*%")


class Seen(NamedTuple):
    """A visit: when, and whether all was well."""

    at: datetime
    ok: bool


def promised(sla: str) -> float | None:
    """The percent that an agreement names, such as 99.5 for "Mon-Fri, 99,5 % of the time"; None if it names none."""
    for match in _PERCENT.finditer(sla):
        percent = float(f"{match['whole']}.{match['part'] or 0}")
        if 0 < percent <= 100:
            return percent
    return None


def percent(visits: Sequence[Seen], every: float, now: datetime) -> float | None:
    """Of the time that the visits cover, how much was well; None without visits.

    A visit speaks for the time until the next one, but for twice the usual pause of `every` seconds at the most: of
    the time when nobody looked nothing is known. `visits` come oldest first.
    """
    if not visits:
        return None
    longest = timedelta(seconds=max(2 * every, SHORTEST))
    up = known = timedelta()
    for visit, until in zip(visits, [*(later.at for later in visits[1:]), now], strict=True):
        span = min(max(until - visit.at, timedelta()), longest)
        known += span
        up += span if visit.ok else timedelta()
    if known:
        return round(100 * up / known, 3)
    return 100.0 * visits[-1].ok


def by_day(visits: Iterable[Seen]) -> list[tuple[datetime, int, int]]:
    """The beginning of each day (UTC) that had visits, how many there were, and how many of them failed."""
    days: dict[datetime, list[int]] = {}
    for visit in visits:
        day = visit.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        count = days.setdefault(day, [0, 0])
        count[0] += 1
        count[1] += not visit.ok
    return [(day, total, failed) for day, (total, failed) in sorted(days.items())]


def patience(said: float, usual: float) -> float:
    """Seconds that a visit may take: `said` by the app or the settings, but no more than an app needs that took `usual`
    seconds when it was released. An app that hangs is to be told soon."""
    return min(said, max(20.0, 4 * usual))
