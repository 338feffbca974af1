"""Whether the time for something is over, so that a wall clock that jumps ends nothing too soon."""

import math
from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from datetime import datetime

_PLAUSIBLE = 60.0
"""Seconds: what is overdue by more at first sight is looked at twice."""
_SECOND_LOOK = 5.0
"""Seconds between the two."""


@dataclass
class Stopwatch:
    """Takes the wall clock's word once, at the first sight of each thing, and then counts only what really goes by.

    A process that starts anew looks anew. `ticks` are seconds of a clock that only goes forward.
    """

    _seen: dict[tuple[Hashable, datetime], tuple[float, float]] = field(default_factory=dict)
    """Seconds that were left at first sight, and the ticks of that."""

    def is_over(
        self, key: Hashable, until: datetime, now: datetime, ticks: float, span: float = math.inf
    ) -> bool:
        """Whether `until` is past. `span`: more seconds than these can never be left, whatever the clock says."""
        left, first = self._seen.setdefault((key, until), (min((until - now).total_seconds(), span), ticks))
        gone = ticks - first
        return gone >= left and (left > -_PLAUSIBLE or gone >= _SECOND_LOOK)

    def forget_all_but(self, keys: Collection[Hashable]) -> None:
        """About other keys nobody will ask again."""
        self._seen = {seen: at for seen, at in self._seen.items() if seen[0] in keys}
