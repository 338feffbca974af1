"""The seam to the checking browser: a release is judged from inside a real session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol


class Outcome(StrEnum):
    idle = "idle"
    """The session came up, computed what the page shows, and rests; or the page or document is there."""
    busy = "busy"
    """The session came up but was still computing when time was over; or the page was still loading."""
    failed = "failed"
    """No session, or it closed; or the page or document is not there, or not whole."""
    no_browser = "no_browser"
    """There is no browser on this machine: nothing is known."""


@dataclass(frozen=True)
class Itinerary:
    """Where to look, for how long."""

    url: str
    expects: Literal["session", "page", "api"] = "session"
    """A Shiny session that comes up; a page with all its own files; an OpenAPI document."""
    timeout: float = 60
    """Seconds."""
    wait_for: str = ""
    """A CSS selector that counts as rest, for pages that never get idle."""
    pin: str = ""
    """Sent as the pin cookie: reaches a candidate before it is released."""
    users_wait: bool = False
    """A release depends on it: one place is kept for such visits."""


@dataclass(frozen=True)
class OutputError:
    """An output that shows an error instead of its value."""

    output: str
    message: str


@dataclass(frozen=True)
class Visit:
    outcome: Outcome
    seconds: float
    reason: str = ""
    """One sentence; for `failed` and `busy`, why."""
    errors: tuple[OutputError, ...] = ()
    """Seen 1 s after idle, twice."""


@dataclass(frozen=True)
class View:
    """What a picture is to show: a page as a person had it."""

    url: str
    width: int
    """Of the window, in CSS pixels."""
    height: int
    expects: Literal["session", "page", "api"] = "session"
    scroll_x: float = 0
    scroll_y: float = 0
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Values of inputs by id, to be set before the picture is taken."""
    timeout: float = 30
    """Seconds, all in all."""


@dataclass(frozen=True)
class Picture:
    png: bytes
    """Empty: there is none, and `reason` says why."""
    reason: str = ""
    """One sentence: why there is no picture, or what it lacks."""
    left: tuple[str, ...] = ()
    """Inputs that could not be set."""


class Visitor(Protocol):
    """Visits pages through the edge. Visits carry a mark by which the edge leaves them out of every count."""

    async def visit(self, itinerary: Itinerary) -> Visit:
        """Open the page in a fresh profile, stay until the session rests. Raises nothing for a bad page."""
        ...

    async def picture(self, view: View) -> Picture:
        """Show the page as it was seen, in a fresh profile, and take a picture. Raises nothing for a bad page."""
        ...

    async def available(self) -> str:
        """An empty string, or one sentence about why no browser can be had."""
        ...

    async def close(self) -> None: ...
