"""The time that figures are shown for: the last hour, day or month, cut into columns. Pure; times are UTC."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from sandbox_server.wire_sessions import Point

Name = Literal["hour", "day", "month"]


@dataclass
class Bin:
    """One column: some minutes or hours together."""

    at: datetime
    when: str
    """In words: "12:15–12:30"."""
    points: list[Point] = field(default_factory=list)

    @property
    def happened(self) -> bool:
        return bool(self.points)

    @property
    def sessions(self) -> int:
        return max((point.sessions for point in self.points), default=0)

    @property
    def memory(self) -> int:
        return max((point.memory for point in self.points), default=0)

    @property
    def started(self) -> int:
        return sum(point.started for point in self.points)

    @property
    def failed(self) -> int:
        return sum(point.failed for point in self.points)

    @property
    def errors(self) -> int:
        return sum(point.errors for point in self.points)

    @property
    def crashes(self) -> int:
        return sum(point.crashes for point in self.points)

    @property
    def requests(self) -> int:
        return sum(point.requests for point in self.points)

    @property
    def refused(self) -> int:
        return sum(point.refused for point in self.points)

    @property
    def p50(self) -> float | None:
        """The middle one: spans have different numbers of sessions, and this is a picture."""
        known = sorted(point.p50 for point in self.points if point.p50 is not None)
        return known[len(known) // 2] if known else None

    @property
    def p95(self) -> float | None:
        """The longest."""
        return max((point.p95 for point in self.points if point.p95 is not None), default=None)

    @property
    def failed_share(self) -> float:
        """0 to 1. A session may meet its first error in a later column than the one in which it began."""
        return min(self.failed / max(self.started, self.failed), 1) if self.failed else 0


@dataclass(frozen=True)
class Window:
    name: Name
    words: str
    """After "the last": "24 hours"."""
    point: Literal["minute", "hour"]
    """What it is made from."""
    length: timedelta
    column: timedelta

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """It ends with the column that is not over yet."""
        size = self.column.total_seconds()
        end = datetime.fromtimestamp((now.timestamp() // size + 1) * size, UTC)
        return end - self.length, end

    def bins(self, points: Iterable[Point], now: datetime) -> list[Bin]:
        begin, _ = self.bounds(now)
        count = int(self.length / self.column)
        made = [Bin(at := begin + place * self.column, self._when(at)) for place in range(count)]
        for point in points:
            place = int((point.at - begin) / self.column) if point.at >= begin else -1
            if 0 <= place < count:
                made[place].points.append(point)
        return made

    def ticks(self, now: datetime) -> tuple[str, ...]:
        begin, end = self.bounds(now)
        middle = begin + self.length / 2
        if self.name == "month":
            return _day(begin), _day(middle), _day(end)
        return _clock(begin), _clock(middle), _clock(end)

    def _when(self, at: datetime) -> str:
        end = at + self.column
        if self.name == "hour":
            return _clock(at)
        if self.name == "day":
            return f"{_clock(at)}–{_clock(end)}"
        return f"{_day(at)}, {_clock(at)}–{_clock(end)}"


HOUR = Window("hour", "hour", "minute", timedelta(hours=1), timedelta(minutes=1))
DAY = Window("day", "24 hours", "minute", timedelta(days=1), timedelta(minutes=20))
MONTH = Window("month", "30 days", "hour", timedelta(days=30), timedelta(hours=8))
WINDOWS = {window.name: window for window in (HOUR, DAY, MONTH)}


def _clock(at: datetime) -> str:
    return at.strftime("%H:%M")


def _day(at: datetime) -> str:
    return at.strftime("%-d %b")
