"""What an instance's report adds to the figures: each event once, whatever the report says and when it comes."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox_server.domain.figures import Counts
from sandbox_server.domain.report import Report, SessionEvent

LATEST = timedelta(hours=1)
"""Older events, or such from the future, are of a clock that is wrong: they count as of now."""

_LONGEST_WAIT = 24 * 3600.0
_MOST_FAILED = 500
_LONGEST_NAME = 16


@dataclass(frozen=True)
class Counted:
    """How far the reports of one instance were counted."""

    number: int = 0
    """Of the last event."""
    uptime: float = 0
    busy: float = 0
    sessions: int = 0
    """Open at that report."""
    failed: tuple[str, ...] = ()
    """Open sessions that met an error, the newest last."""

    def dump(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Met:
    """An error at one place, `count` times until `at`."""

    place: str
    kind: str
    """The condition's class."""
    count: int
    at: datetime
    message: str = ""


@dataclass(frozen=True)
class Tally:
    """What one report adds."""

    counted: Counted
    counts: Mapping[datetime, Counts]
    """By minute."""
    met: tuple[Met, ...] = ()


def load(values: Mapping[str, Any]) -> Counted:
    """What `dump` made, or an empty one."""
    return Counted(**{**values, "failed": tuple(values.get("failed", ()))})


def has_news(report: Report, before: Counted) -> bool:
    """Did anything happen that is not counted yet?"""
    return _is_another_life(report, before) or any(event.number > before.number for event in report.events)


def tally(report: Report, before: Counted, born: datetime, now: datetime) -> Tally:
    """`born` is when the instance was made.

    A report of another life (R was started again, and counts from 1) adds nothing: it answered the wrong question,
    and the next one is asked from its beginning.
    """
    if _is_another_life(report, before):
        return Tally(Counted(uptime=report.uptime, busy=report.busy), {})
    taking = _Taking(before, born, now)
    for event in _news(report.events, before.number):
        taking.take(event)
    taking.work(report)
    numbers = [event.number for event in report.events]
    counted = Counted(
        max([before.number, report.last, *numbers]), report.uptime, report.busy, report.sessions,
        tuple(taking.failed),
    )  # fmt: skip
    return Tally(counted, taking.counts, tuple(taking.met.values()))


class _Taking:
    """Counts while it goes through the events, oldest first."""

    def __init__(self, before: Counted, born: datetime, now: datetime) -> None:
        self.counts: dict[datetime, Counts] = {}
        self.failed = dict.fromkeys(before.failed)
        self.met: dict[tuple[str, str], Met] = {}
        self._before, self._born, self._now = before, born, now
        self._open = before.sessions

    def take(self, event: SessionEvent) -> None:
        at = self._time(event.at)
        if event.kind == "error":
            self._meet(event, at)
        if not event.visit:
            self._count(event, self._minute(at))

    def work(self, report: Report) -> None:
        """R's time since the last report, never more than the instance has lived."""
        lived = min(report.uptime - self._before.uptime, (self._now - self._born).total_seconds())
        if lived > 0:
            counts = self._minute(self._now)
            counts.watched += lived
            counts.busy += min(max(report.busy - self._before.busy, 0), lived)

    def _count(self, event: SessionEvent, counts: Counts) -> None:
        session = event.session[:_LONGEST_NAME]
        match event.kind:
            case "start":
                counts.started += 1
                self._open += 1
                counts.sessions = max(counts.sessions, self._open)
            case "flush":
                counts.flush(min(event.seconds, _LONGEST_WAIT))
            case "error":
                counts.errors += 1
                self._fail(session, counts)
            case _:
                counts.ended += 1
                self._open = max(self._open - 1, 0)
                self.failed.pop(session, None)

    def _fail(self, session: str, counts: Counts) -> None:
        if session in self.failed:
            return
        counts.failed += 1
        self.failed[session] = None
        if len(self.failed) > _MOST_FAILED:
            del self.failed[next(iter(self.failed))]

    def _meet(self, event: SessionEvent, at: datetime) -> None:
        """Users' values may stand in messages, so only that of the platform's own visit is kept."""
        known = self.met.get((event.place, event.condition))
        count = (known.count if known else 0) + (not event.visit)
        message = event.message if event.visit else known.message if known else ""
        self.met[event.place, event.condition] = Met(event.place, event.condition, count, at, message)

    def _minute(self, at: datetime) -> Counts:
        return self.counts.setdefault(at.replace(second=0, microsecond=0), Counts())

    def _time(self, seconds: float) -> datetime:
        earliest = max(self._born, self._now - LATEST)
        if not earliest.timestamp() <= seconds <= self._now.timestamp():
            return self._now
        return datetime.fromtimestamp(seconds, UTC)


def _is_another_life(report: Report, before: Counted) -> bool:
    # Its uptime says nothing: the machine's clock may have been set back.
    return report.last < before.number


def _news(events: Iterable[SessionEvent], after: int) -> list[SessionEvent]:
    """Each number once."""
    fresh = {event.number: event for event in events if event.number > after}
    return [fresh[number] for number in sorted(fresh)]
