"""What happens on one page: does a Shiny session come up, does it rest, which outputs show errors."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Error, Page

from sandbox_server.visitor.base import Itinerary, Outcome, OutputError, Visit
from sandbox_server.visitor.opening import is_about_the_page, open_page

STATE = Path(__file__).with_name("state.js").read_text(encoding="utf-8")

LOOK_EVERY = 0.05
REST = 0.3
"""Seconds without work that count as rest."""
QUIET = 5.0
"""Seconds in which R does nothing that count as rest too: outputs that the server never fills wait for ever."""
SURVIVAL = 0.5
"""Seconds from rest that a session must outlive: closing it takes R a moment."""
ERRORS_SETTLE = 1.0
"""Seconds from rest after which an output's error is no passing state."""
RECONNECT = 0.5
"""Seconds that a session may be without its connection."""
NO_SHINY = 10.0
"""Seconds that a page may take to load Shiny."""

CLOSED = "The session closed: the server function stopped with an error, or closed it."


async def watch(page: Page, itinerary: Itinerary) -> Visit:
    """Open the page and stay until its session rests, fails, or time is over.

    Raises Playwright's `Error` only if the browser itself went away.
    """
    clock = asyncio.get_running_loop().time
    start = clock()
    watched = _Watched(start)
    problem = ""
    try:
        async with asyncio.timeout(itinerary.timeout):
            problem = await open_page(page, itinerary) or await _until_settled(page, itinerary, watched)
    except TimeoutError:
        return watched.late(clock(), itinerary)
    if problem:
        return Visit(Outcome.failed, clock() - start, problem)
    return Visit(Outcome.idle, clock() - start, errors=watched.errors)


async def rest(page: Page, itinerary: Itinerary) -> str:
    """Stay on a page that is open until its session rests; why it does not, or an empty string."""
    clock = asyncio.get_running_loop().time
    watched = _Watched(clock())
    try:
        async with asyncio.timeout(itinerary.timeout):
            return await _until_settled(page, itinerary, watched)
    except TimeoutError:
        return watched.late(clock(), itinerary).reason


async def _until_settled(page: Page, itinerary: Itinerary, watched: "_Watched") -> str:
    clock, problem = asyncio.get_running_loop().time, ""
    while not problem and not watched.is_settled:
        await asyncio.sleep(LOOK_EVERY)
        problem = watched.see(clock(), await _look(page, itinerary.wait_for))
    return problem


async def _look(page: Page, wait_for: str) -> dict[str, Any]:
    """What `state.js` sees; an empty dict while the page moves on to another one."""
    try:
        seen: dict[str, Any] = await page.evaluate(STATE, wait_for)
    except Error as error:
        if "is not a valid selector" in error.message:
            return {"problem": f"`wait_for` is not a CSS selector: {wait_for}."}
        if "crashed" in error.message:
            return {"problem": "The page crashed the browser's tab."}
        if not is_about_the_page(page):
            raise
        return {}
    return seen


@dataclass
class _Watched:
    """What was seen so far; times in seconds of the loop's clock."""

    start: float
    document: float = 0
    """Which one of the documents that the page went through."""
    was_up: bool = False
    down_since: float | None = None
    quiet_since: float | None = None
    resting_since: float | None = None
    is_settled: bool = False
    errors: tuple[OutputError, ...] = ()

    def see(self, now: float, state: dict[str, Any]) -> str:
        """Take one look into account; returns why the visit failed, or an empty string."""
        if not state:
            return ""
        if state.get("document") != self.document:
            self.document, self.was_up = state.get("document", 0), False
            self.down_since = self.quiet_since = self.resting_since = None
        if problem := str(state.get("problem", "")) or self._connection(now, state):
            return problem
        self._rest(now, state)
        return ""

    def late(self, now: float, itinerary: Itinerary) -> Visit:
        """The verdict when time is over."""
        seconds, limit = now - self.start, f"{itinerary.timeout:g} s"
        if not self.was_up:
            return Visit(Outcome.failed, seconds, f"No session came up within {limit}.")
        waited = f"showed no visible `{itinerary.wait_for}`" if itinerary.wait_for else "was still busy"
        return Visit(Outcome.busy, seconds, f"The page {waited} after {limit}.")

    def _connection(self, now: float, state: dict[str, Any]) -> str:
        self.was_up = self.was_up or state["wasUp"]
        if state["isOver"]:
            return CLOSED if self.was_up else "The page could not connect to its session."
        if state["isUp"] or not self.was_up:
            self.down_since = None
        elif self.down_since is None:
            self.down_since = now
        elif now - self.down_since >= RECONNECT:
            return CLOSED
        if not state["hasShiny"] and now - self.start >= NO_SHINY:
            return "The page never connected: it has no Shiny in it."
        return ""

    def _rest(self, now: float, state: dict[str, Any]) -> None:
        self.errors = tuple(OutputError(output, message) for output, message in state["errors"])
        rested = _since(self.resting_since, now)
        self.quiet_since = (self.quiet_since or now) if state["isQuiet"] else None
        if state["isUp"] and (state["isResting"] or _since(self.quiet_since, now) >= QUIET):
            self.resting_since = now if self.resting_since is None else self.resting_since
        elif rested < REST:
            # Later on, short work (a clock that ticks) does not take it back.
            self.resting_since = None
        self.is_settled = state["isUp"] and rested >= (ERRORS_SETTLE if self.errors else SURVIVAL)


def _since(then: float | None, now: float) -> float:
    return 0 if then is None else now - then
