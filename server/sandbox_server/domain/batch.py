"""How much one release brings at once, and what is usual. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import TypeVar

from sandbox_server.domain.release import ALL, ReleaseRow
from sandbox_server.wire_review import Batch

R = TypeVar("R", bound=ReleaseRow)

FEWEST = 2
"""With fewer earlier batches nothing is usual yet."""


def new_commits(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Those of the later deployment that the earlier one does not have; both as "<short hash> <first line>".

    git shows more of a hash as a repository grows, so only the beginnings of hashes are compared.
    """
    known = {_key(commit) for commit in before}
    return [commit for commit in after if _key(commit) not in known]


def count_commits(before: Sequence[str] | None, after: Sequence[str]) -> int | None:
    """How many are new; without an earlier deployment all are.

    None if one of the pushes told of none, or both of none that both have: a shallow clone's one commit may stand for
    hundreds.
    """
    if not after or before == []:
        return None
    count = len(new_commits(before or (), after))
    return None if before is not None and count == len(after) else count


def changed_lines(old: str, new: str) -> int:
    """Added and removed lines together. One that only moved within its file counts for nothing."""
    before, after = Counter(old.splitlines()), Counter(new.splitlines())
    return (after - before).total() + (before - after).total()


def brought(releases: Iterable[R], most: int) -> list[tuple[R, R]]:
    """The newest `most` promotes of all visitors, each after the release that it left; newest first.

    Neither the first release nor a rollback is among them: what they bring says nothing about the next one.
    """
    full = sorted((row for row in releases if row.share == ALL), key=lambda row: -row.number)
    return [(left, row) for row, left in pairwise(full) if row.returns_to is None][:most]


def usual(batches: Sequence[Batch]) -> Batch | None:
    """The middle one of each number, of those that are known; None with too few."""
    if len(batches) < FEWEST:
        return None
    return Batch(
        commits=_whole(batch.commits for batch in batches),
        lines=_whole(batch.lines for batch in batches),
        files=_whole(batch.files for batch in batches),
        days=_middle(batch.days for batch in batches),
    )


def _whole(values: Iterable[int | None]) -> int | None:
    found = _middle(values)
    return None if found is None else round(found)


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _key(commit: str) -> tuple[str, str]:
    short, _, subject = commit.partition(" ")
    return short[:7], subject
