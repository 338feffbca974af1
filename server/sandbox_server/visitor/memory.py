"""The checking browser's twin: visits are decided beforehand."""

import base64
from dataclasses import dataclass, field

from sandbox_server.visitor.base import Itinerary, Outcome, Picture, View, Visit

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg=="
)
"""One white pixel."""


@dataclass
class MemoryVisitor:
    """Implements `Visitor`: the first of `outcomes` whose key is in the URL decides, else all is well."""

    outcomes: dict[str, Visit] = field(default_factory=dict)
    """Part of a URL → what a visit there finds."""
    why_not: str = ""
    """Set: there is no browser, for this reason."""
    visited: list[Itinerary] = field(default_factory=list)
    """All visits so far, oldest first."""
    pictures: dict[str, Picture] = field(default_factory=dict)
    """Part of a URL → what a picture of it is; else it is `PNG`, with all inputs set."""
    seen: list[View] = field(default_factory=list)
    """What pictures were asked for so far, oldest first."""

    async def visit(self, itinerary: Itinerary) -> Visit:
        if self.why_not:
            return Visit(Outcome.no_browser, 0, self.why_not)
        self.visited.append(itinerary)
        decided = (visit for part, visit in self.outcomes.items() if part in itinerary.url)
        return next(decided, Visit(Outcome.idle, 0))

    async def picture(self, view: View) -> Picture:
        if self.why_not:
            return Picture(b"", self.why_not)
        self.seen.append(view)
        decided = (picture for part, picture in self.pictures.items() if part in view.url)
        return next(decided, Picture(PNG))

    async def available(self) -> str:
        return self.why_not

    async def close(self) -> None:
        self.why_not = self.why_not or "The browser is closed: the platform stops."
