"""Who said what of a deployment, as names by outcome. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from sandbox_server.domain.signature import Signed, newest
from sandbox_server.wire_review import Outcome

OUTCOMES: tuple[Outcome, ...] = ("rejected", "remarks", "accepted")


class Said(Signed, Protocol):
    """What these rules need of a verdict, besides."""

    name: str
    outcome: str
    created_at: datetime


def names_by_outcome(verdicts: Iterable[Said], until: datetime) -> dict[Outcome, list[str]]:
    """Of the verdicts that stood at that time, the oldest first. Outcomes without a name are left out."""
    rows = newest(one for one in verdicts if one.created_at <= until)[::-1]
    found = {outcome: [one.name for one in rows if one.outcome == outcome] for outcome in OUTCOMES}
    return {outcome: names for outcome, names in found.items() if names}
