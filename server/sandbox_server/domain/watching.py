"""Which release is watched, beside which other one, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from sandbox_server.domain.release import ALL, ReleaseRow, candidate, in_force, newest

DAY = timedelta(days=1)

GRACE = timedelta(minutes=2)
"""After a watch's end, for the last look: a server that was away at that moment still gives its judgement."""


class WatchedRow(ReleaseRow, Protocol):
    """What these rules need of a release."""

    deployment_id: int
    kind: str
    plan: dict[str, Any]


R = TypeVar("R", bound=WatchedRow)


@dataclass(frozen=True)
class Watched(Generic[R]):
    """A release that is compared with another one."""

    row: R
    base: R | None
    """None: there was none before."""
    since: datetime
    """From this minute on its figures count."""
    until: datetime | None
    """When its step, or the watch over it, is over; None: when somebody decides."""

    @property
    def is_candidate(self) -> bool:
        return self.row.share < ALL

    def beside(self, now: datetime) -> tuple[datetime, datetime] | None:
        """When base was used in the same minutes; None if these cannot be told from the newer one's."""
        if self.base is None or self.base.deployment_id == self.row.deployment_id:
            return None
        return self.since, now

    def day(self, now: datetime) -> tuple[datetime, datetime]:
        """The day to fall back on. All visitors have left base when the newer one is full."""
        end = now if self.is_candidate else self.since
        return end - DAY, end

    def ended(self, now: datetime) -> bool:
        return self.until is not None and now >= self.until


def watched(releases: Sequence[R], minutes: float) -> Watched[R] | None:
    """The candidate, or for so many minutes the newest release if it was promoted. A rollback is not watched."""
    row, last = candidate(releases), newest(releases)
    if row is not None:
        seconds = row.plan.get("seconds")
        until = None if seconds is None else row.created_at + timedelta(seconds=seconds)
        return Watched(row, in_force(releases), _since(releases, row), until)
    if last is None or last.share != ALL or last.kind != "promote" or not minutes:
        return None
    before = in_force([release for release in releases if release.number < last.number])
    return Watched(last, before, _since(releases, last), last.created_at + timedelta(minutes=minutes))


def _since(releases: Sequence[R], row: R) -> datetime:
    """Figures are kept by minutes: the first one is shared with nobody, or it is left out."""
    minute = row.created_at.replace(second=0, microsecond=0)
    known = any(other.deployment_id == row.deployment_id and other.number < row.number for other in releases)
    return minute + timedelta(minutes=1) if known and row.created_at > minute else minute
