"""The checking browser's twin: visits are decided beforehand."""

from dataclasses import dataclass, field

from sandbox_server.visitor.base import Itinerary, Outcome, Visit


@dataclass
class MemoryVisitor:
    """Implements `Visitor`: the first of `outcomes` whose key is in the URL decides, else all is well."""

    outcomes: dict[str, Visit] = field(default_factory=dict)
    """Part of a URL → what a visit there finds."""
    why_not: str = ""
    """Set: there is no browser, for this reason."""
    visited: list[Itinerary] = field(default_factory=list)
    """All visits so far, oldest first."""

    async def visit(self, itinerary: Itinerary) -> Visit:
        if self.why_not:
            return Visit(Outcome.no_browser, 0, self.why_not)
        self.visited.append(itinerary)
        decided = (visit for part, visit in self.outcomes.items() if part in itinerary.url)
        return next(decided, Visit(Outcome.idle, 0))

    async def available(self) -> str:
        return self.why_not

    async def close(self) -> None:
        self.why_not = self.why_not or "The browser is closed: the platform stops."
