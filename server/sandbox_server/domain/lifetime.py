"""How long a sandbox lives after nobody needs it. Pure rules; spans are seconds, and a span of 0 means for ever."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

KEPT = "kept"
"""Instead of why its branch is gone: somebody wants to keep it nevertheless."""
MAIN = ("main", "master")


class Place(Protocol):
    """What these rules need of a branch."""

    name: str
    created_at: datetime
    touched_at: datetime | None
    gone_since: datetime | None
    gone_why: str
    warned_at: datetime | None


@dataclass(frozen=True)
class Spans:
    gone_after: float
    untouched_after: float
    notice: float
    """Between the notice and the removal."""


def due(place: Place, spans: Spans, now: datetime) -> str:
    """Why it is to be removed: "merged", "deleted" or "untouched"; empty if it stays."""
    if place.gone_since is not None and spans.gone_after and _over(place.gone_since, spans.gone_after, now):
        return place.gone_why
    touched = place.touched_at or place.created_at
    return "untouched" if spans.untouched_after and _over(touched, spans.untouched_after, now) else ""


def may_go(place: Place, spans: Spans, now: datetime) -> bool:
    """Its notice has stood for long enough, and what it said still holds."""
    return (
        bool(due(place, spans, now))
        and place.warned_at is not None
        and _over(place.warned_at, spans.notice, now)
    )


def removal_words(place: Place, spans: Spans, now: datetime) -> str:
    """Why and when it will be removed, and what keeps it; empty if it stays."""
    why = due(place, spans, now)
    if place.warned_at is not None and why:
        at = place.warned_at + timedelta(seconds=spans.notice)
    elif place.gone_since is not None and spans.gone_after:
        why, at = place.gone_why, place.gone_since + timedelta(seconds=spans.gone_after + spans.notice)
    else:
        return ""
    return f"will be removed on {max(at, now):%-d %b}: {_because(place, why)}"


def remedy(app: str, branch: str) -> str:
    return f"Keep it: push again, or `sandbox keep --app {app} --branch {branch}`."


def has_jumped(ticks: float, before: float, now: datetime, then: datetime) -> bool:
    """Has the clock been set forward since `then`? `ticks` are seconds that nobody can set."""
    return (now - then).total_seconds() > ticks - before + 300


def _because(place: Place, why: str) -> str:
    touched = place.touched_at or place.created_at
    if why == "untouched":
        return f"untouched since {touched:%-d %b}"
    return f"its branch was {why}"


def _over(since: datetime, seconds: float, now: datetime) -> bool:
    return now >= since + timedelta(seconds=seconds)
