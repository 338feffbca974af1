"""What an instance's runner says of itself: read with care, since the app shares its process and may say anything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 512 * 1024
"""Bytes of one answer that are read."""
MOST_EVENTS = 500
_LONGEST_WORD = 200
_KINDS = ("start", "flush", "error", "end")


@dataclass(frozen=True)
class SessionEvent:
    """One thing that happened in one session."""

    number: int
    """Counts up from 1 in the life of an instance."""
    at: float
    """Seconds since 1970, by the instance's clock."""
    kind: str
    """`start`; `flush`, the first one; `error` in an output or observer; `end`."""
    session: str
    """A short name that means nothing outside of the instance."""
    visit: bool = False
    """The platform's own visit."""
    seconds: float = 0
    """`flush`: since the start. `end`: the session's length."""
    place: str = ""
    """`error`: such as "output plot" or "observer app.R#12"."""
    condition: str = ""
    """`error`: the condition's class."""
    message: str = ""
    """`error` in the platform's own visit only."""


@dataclass(frozen=True)
class Report:
    """An answer of `GET /__sandbox__/report?after=N`."""

    last: int
    """Number of the newest event."""
    sessions: int
    """Open now, the platform's own visits left out."""
    visits: int
    """Open sessions of the platform itself."""
    uptime: float
    """Seconds since R was ready."""
    busy: float
    """Seconds of these in which R computed."""
    memory: int
    """Bytes that the R process holds."""
    notice: str = ""
    """The id of the notice that its pages show now."""
    lost: int = 0
    """Events after `after` that are not kept any more."""
    events: tuple[SessionEvent, ...] = ()


def read(body: bytes) -> Report:
    """Raises `ValueError` for anything that is not a report; single events that are none are left out."""
    if len(body) > LONGEST:
        raise ValueError("the report is too long")
    try:
        said = json.loads(body)
    except RecursionError:
        raise ValueError("the report is too deep") from None
    if not isinstance(said, dict):
        raise ValueError("the report is no object")
    events = said.get("events")
    found = [_event(one) for one in (events if isinstance(events, list) else [])[:MOST_EVENTS]]
    return Report(
        last=_count(said, "last"), sessions=_count(said, "sessions"), visits=_count(said, "visits"),
        uptime=_number(said, "uptime"), busy=_number(said, "busy"), memory=_count(said, "memory"),
        notice=_word(said, "notice"), lost=_count(said, "lost"), events=tuple(one for one in found if one),
    )  # fmt: skip


def _event(said: object) -> SessionEvent | None:
    if not isinstance(said, dict) or said.get("kind") not in _KINDS:
        return None
    try:
        return SessionEvent(
            number=_count(said, "number"), at=_number(said, "at"), kind=str(said["kind"]),
            session=_word(said, "session"), visit=said.get("visit") is True, seconds=_number(said, "seconds"),
            place=_word(said, "place"), condition=_word(said, "condition"), message=_word(said, "message"),
        )  # fmt: skip
    except ValueError:
        return None


def _count(said: Mapping[str, Any], name: str) -> int:
    return int(_number(said, name))


def _number(said: Mapping[str, Any], name: str) -> float:
    value = said.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is no number")
    if not 0 <= value < 2**53:
        raise ValueError(f"{name} is no sensible number")
    return float(value)


def _word(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name, "")
    return "".join(c for c in str(value)[:_LONGEST_WORD] if c.isprintable()) if isinstance(value, str) else ""
