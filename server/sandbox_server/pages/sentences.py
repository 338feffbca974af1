"""Sentences about sessions, shares and drains. Pure functions; time is an argument."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox_server.domain.durations import in_words
from sandbox_server.pages.words import count_of, percent
from sandbox_server.wire_sessions import Availability, Day, Draining, Side


@dataclass(frozen=True)
class Drain:
    """All draining instances of one deployment in one scope."""

    deployment: int
    scope: str
    sessions: int | None
    since: datetime
    until: datetime | None
    asked: bool
    moves_at: datetime | None
    instances: int


def drains(rows: Iterable[Draining]) -> list[Drain]:
    """Newest deployment first."""
    groups: dict[tuple[int, str], list[Draining]] = {}
    for row in rows:
        groups.setdefault((row.deployment, row.scope), []).append(row)
    return [_together(groups[key]) for key in sorted(groups, reverse=True)]


def still_on(sessions: int | None, deployment: int) -> str:
    """Such as "4 people still have d39 open"."""
    if sessions is None:
        return f"How many people have d{deployment} open cannot be read just now, so it stays"
    if sessions == 0:
        return f"Nobody has d{deployment} open any more"
    return f"{count_of(sessions, 'person still has', 'people still have')} d{deployment} open"


def in_span(at: datetime, now: datetime) -> str:
    """Until a time to come: "in 25 min"."""
    left = (at - now).total_seconds()
    return "now" if left < 1 else f"in {in_words(left if left < 90 else round(left / 60) * 60)}"


def moment(at: datetime, now: datetime) -> str:
    """Today's times without the date: "14:30 UTC", "23 Nov, 14:30 UTC"."""
    return at.strftime("%H:%M UTC" if at.date() == now.date() else "%-d %b, %H:%M UTC")


def failed_of(side: Side) -> str:
    """Such as "2 of 38 (5.3 %)"."""
    if not side.sessions:
        return "–"
    return f"{side.failed:,} of {side.sessions:,} ({percent(side.failed, side.sessions)})"


def promised(availability: Availability) -> str:
    """What became of the app's promise."""
    if availability.percent is None:
        return "Not visited yet."
    if availability.promised is None:
        return "Nothing is promised: `sla` in sandbox.toml says how much."
    kept = availability.percent >= availability.promised
    return f"{availability.promised:g} % are promised: {'kept' if kept else 'not kept'}."


def up_share(value: float) -> str:
    """A share near 100 does not become 100 by rounding."""
    return f"{int(value * 100) / 100:.2f}".rstrip("0").rstrip(".") + " %"


def strip(days: Sequence[Day], now: datetime, length: int = 30) -> list[tuple[datetime, Day | None]]:
    """The last days, oldest first; None for one without a visit."""
    known = {day.at.date(): day for day in days}
    last = now.replace(hour=0, minute=0, second=0, microsecond=0)
    dates = [last - timedelta(days=back) for back in reversed(range(length))]
    return [(at, known.get(at.date())) for at in dates]


def _together(rows: Sequence[Draining]) -> Drain:
    counts = [row.sessions for row in rows]
    ends = [row.until for row in rows if row.until]
    moves = [row.moves_at for row in rows if row.moves_at]
    return Drain(
        deployment=rows[0].deployment,
        scope=rows[0].scope,
        sessions=None if None in counts else sum(count or 0 for count in counts),
        since=min(row.since for row in rows),
        until=max(ends) if len(ends) == len(rows) else None,
        asked=any(row.asked for row in rows),
        moves_at=min(moves, default=None),
        instances=len(rows),
    )
