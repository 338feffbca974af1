"""Counts of what sessions met, added up over minutes and hours. Nothing of what users saw or typed."""

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

EDGES = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0)
"""Upper ends of the classes into which times to the first flush are counted, in seconds; the last class is open."""


@dataclass
class Counts:
    """Of one deployment in one scope and one span of time."""

    started: int = 0
    """Sessions that began."""
    ended: int = 0
    failed: int = 0
    """Sessions that met at least one error (counted when they meet the first)."""
    errors: int = 0
    """Errors in outputs and observers."""
    crashes: int = 0
    """Instances that ended by themselves."""
    flushes: dict[int, int] = field(default_factory=dict)
    """Class of `EDGES` → sessions whose first flush took so long."""
    waited: float = 0
    """Seconds to the first flush, of all sessions together."""
    busy: float = 0
    """Seconds in which R computed, over all instances."""
    watched: float = 0
    """Seconds of instances' lives for which `busy` was measured."""
    requests: int = 0
    """HTTP requests, from the edge."""
    refused: int = 0
    """Of these, answers of 500 and above."""
    sessions: int = 0
    """Most that were open at once."""
    memory: int = 0
    """Most bytes that all instances held at once."""

    def flush(self, seconds: float) -> None:
        """Count one session's first flush."""
        place = bisect.bisect_left(EDGES, seconds)
        self.flushes[place] = self.flushes.get(place, 0) + 1
        self.waited += seconds

    def quantile(self, q: float) -> float | None:
        """Seconds to the first flush within which a share `q` of the sessions stayed, to the end of its class."""
        total = sum(self.flushes.values())
        if not total:
            return None
        seen = 0
        for place in sorted(self.flushes):
            seen += self.flushes[place]
            if seen >= q * total:
                return EDGES[min(place, len(EDGES) - 1)]
        return EDGES[-1]

    def add(self, other: "Counts") -> None:
        """As if both spans were one: counts add up, `sessions` and `memory` are the higher ones."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for place, count in other.flushes.items():
            self.flushes[place] = self.flushes.get(place, 0) + count
        self.sessions = max(self.sessions, other.sessions)
        self.memory = max(self.memory, other.memory)

    def beside(self, other: "Counts") -> None:
        """As `add`, for two that were measured over the same time: `sessions` and `memory` add up too."""
        sessions, memory = self.sessions + other.sessions, self.memory + other.memory
        self.add(other)
        self.sessions, self.memory = sessions, memory

    def dump(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value}


_SUMS = (
    "started", "ended", "failed", "errors", "crashes", "waited", "busy", "watched", "requests", "refused",
)  # fmt: skip


def load(values: Mapping[str, Any]) -> Counts:
    """What `dump` made, also after a trip through JSON, where keys are texts."""
    known = {one.name for one in fields(Counts)}
    counts = Counts(**{name: value for name, value in values.items() if name in known})
    counts.flushes = {int(place): count for place, count in counts.flushes.items()}
    return counts


def total(parts: Iterable[Counts]) -> Counts:
    whole = Counts()
    for part in parts:
        whole.add(part)
    return whole
