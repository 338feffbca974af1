"""Figures as small charts: what a template needs to draw them. Pure functions; time is an argument.

Every drawing is 1000 wide and 100 high, and is stretched to the room it gets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor, log2, log10

from sandbox_server.pages import words
from sandbox_server.pages.spans import Bin, Window
from sandbox_server.wire_sessions import Figures, Point

WIDTH, HEIGHT = 1000.0, 100.0
_GAP = 6
"""Columns: nearer values are joined."""

Read = Callable[[Bin], float | None]
Tell = Callable[[Bin], str]


@dataclass(frozen=True)
class Mark:
    """One column of a chart: what is said when the pointer rests on it, and the bar in it, if it has one."""

    x: float
    width: float
    words: str
    bar: float = 0
    """Height."""
    worse: float = 0
    """Height of its part that failed."""


@dataclass(frozen=True)
class Chart:
    name: str
    """Of its style, such as "sessions"."""
    title: str
    headline: str
    second: str
    """What is said below the headline."""
    top: str
    """The value at the upper edge."""
    marks: tuple[Mark, ...]
    line: str = ""
    """SVG path of the value."""
    area: str = ""
    """What lies below it."""
    upper: str = ""
    """SVG path of a second, higher value."""

    @property
    def summary(self) -> str:
        """For those who hear it: "Sessions: 38, at most 7 at once"."""
        return f"{self.title}: {self.headline}{f', {self.second}' if self.second else ''}"


@dataclass(frozen=True)
class Board:
    """All charts of one window, and the same values as rows."""

    charts: tuple[Chart, ...]
    ticks: tuple[str, ...]
    """Words below the time axis, from its beginning to its end."""
    bins: tuple[Bin, ...]
    """Those in which something happened, newest first."""


def board(figures: Figures, window: Window, now: datetime, serves: str = "session") -> Board:
    """`serves` is what a visitor meets: only a "session" has a first flush and errors of its own."""
    bins = window.bins(figures.points, now)
    used = [one for one in bins if one.happened]
    drawn = (_sessions, _flush, _errors, _memory, _requests) if serves == "session" else (_memory, _requests)
    total = figures.total
    seen = used and (total.sessions or total.started or total.requests or total.crashes)
    charts = tuple(draw(bins, total) for draw in drawn) if seen else ()
    return Board(charts, window.ticks(now), tuple(reversed(used)))


def nice(value: float) -> float:
    """The next round number that is not smaller: 1, 1.5, 2, 3, 4, 5, 8, 10, 15 …"""
    if value <= 0:
        return 1
    size = 10.0 ** floor(log10(value))
    return next(step * size for step in (1, 1.5, 2, 3, 4, 5, 8, 10) if step * size >= value - 1e-9)


# Private


def _sessions(bins: Sequence[Bin], total: Point) -> Chart:
    top = nice(max(total.sessions, 4))
    line, area = _steps(bins, lambda one: one.sessions, top)
    return Chart(
        "sessions", "Sessions", f"{total.started:,}", f"at most {total.sessions:,} at once", f"{top:,.0f}",
        _marks(bins, lambda one: f"{one.sessions:,} at once, {one.started:,} began"), line, area,
    )  # fmt: skip


def _flush(bins: Sequence[Bin], total: Point) -> Chart:
    top = nice(max((one.p95 or 0 for one in bins), default=0) or 1)
    return Chart(
        "flush", "First flush, median",
        words.brief(total.p50) if total.p50 is not None else "–",
        f"95 % within {words.brief(total.p95)} (dashed)" if total.p95 is not None else "no session began",
        words.brief(top),
        _marks(bins, _flushed),
        line=_joined(bins, lambda one: one.p50, top), upper=_joined(bins, lambda one: one.p95, top),
    )  # fmt: skip


def _errors(bins: Sequence[Bin], total: Point) -> Chart:
    top = max(nice(max(one.failed_share for one in bins) * 100), 10)
    crashed = f", {words.count_of(total.crashes, 'crash', 'crashes')}" if total.crashes else ""
    return Chart(
        "errors", "Sessions with an error", words.percent(total.failed, total.started),
        f"{_failed_of(total)}{crashed}",
        f"{top:.0f} %",
        _marks(bins, _failed, worse=lambda one: _worst(one) / top * HEIGHT),
    )  # fmt: skip


def _memory(bins: Sequence[Bin], total: Point) -> Chart:
    top = float(2 ** ceil(log2(total.memory))) if total.memory else 1.0
    last = next((one.memory for one in reversed(bins) if one.memory), 0)
    return Chart(
        "memory", "Memory", words.size(last), f"at most {words.size(total.memory)}", words.size(int(top)),
        _marks(bins, lambda one: words.size(one.memory)),
        line=_joined(bins, lambda one: one.memory or None, top),
    )  # fmt: skip


def _requests(bins: Sequence[Bin], total: Point) -> Chart:
    top = nice(max(4, *(one.requests for one in bins)))
    return Chart(
        "requests", "Requests", f"{total.requests:,}",
        f"{total.refused:,} answered 500 or above" if total.refused else "none answered 500 or above",
        f"{top:,.0f}",
        _marks(
            bins, _asked,
            bar=lambda one: one.requests / top * HEIGHT, worse=lambda one: one.refused / top * HEIGHT,
        ),
    )  # fmt: skip


def _marks(
    bins: Sequence[Bin], tell: Tell, bar: Read | None = None, worse: Read | None = None
) -> tuple[Mark, ...]:
    """Of the columns in which something happened: elsewhere nothing is to be said."""
    width = WIDTH / len(bins)
    return tuple(
        Mark(
            round(place * width, 1), round(width, 1), f"{one.when}: {tell(one)}",
            round((bar(one) if bar else 0) or 0, 1), round((worse(one) if worse else 0) or 0, 1),
        )
        for place, one in enumerate(bins)
        if one.happened
    )  # fmt: skip


def _steps(bins: Sequence[Bin], read: Read, top: float) -> tuple[str, str]:
    """A line that stays level within each column, and the area below it."""
    width = WIDTH / len(bins)
    parts = []
    for place, one in enumerate(bins):
        y = _y(read(one) or 0, top)
        parts.append(f"{place * width:.1f} {y}L{(place + 1) * width:.1f} {y}")
    line = "L".join(parts)
    return f"M{line}", f"M0 {HEIGHT:g}L{line}L{WIDTH:g} {HEIGHT:g}Z"


def _joined(bins: Sequence[Bin], read: Read, top: float) -> str:
    """Level at each known value and joined to its neighbours; a gap where nothing is known for longer."""
    width = WIDTH / len(bins)
    path, last = "", -_GAP
    for place, one in enumerate(bins):
        if (value := read(one)) is not None:
            y = _y(value, top)
            path += (
                f"{'L' if place - last < _GAP else 'M'}{place * width:.1f} {y}L{(place + 1) * width:.1f} {y}"
            )
            last = place
    return path


def _y(value: float, top: float) -> float:
    return round(HEIGHT - min(value / top, 1) * HEIGHT, 1)


def _flushed(one: Bin) -> str:
    if one.p50 is None or one.p95 is None:
        return "no session began"
    return f"half within {words.brief(one.p50)}, 95 % within {words.brief(one.p95)}"


def _failed(one: Bin) -> str:
    crashed = f", {words.count_of(one.crashes, 'crash', 'crashes')}" if one.crashes else ""
    return f"{_failed_of(one)} with an error{crashed}"


def _failed_of(one: Bin | Point) -> str:
    return f"{one.failed:,} of {one.started:,} {'session' if one.started == 1 else 'sessions'}"


def _worst(one: Bin) -> float:
    """Percent; a crash is seen even if no session met an error."""
    return max(one.failed_share * 100, 3.0 if one.crashes or one.failed else 0.0)


def _asked(one: Bin) -> str:
    bad = f", {one.refused:,} answered 500 or above" if one.refused else ""
    return f"{words.count_of(one.requests, 'request')}{bad}"
