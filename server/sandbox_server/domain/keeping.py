"""What has to run, and what may go. Pure rules; whoever applies them asks again right before acting."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sandbox_server.domain.instance import Scope
from sandbox_server.domain.release import ReleaseRow, kept, serving

_FULL = 0.8
"""Share of the sessions that instances serve well at which another one starts."""
_EMPTY = 0.5
"""Share below which one of them is too many."""


@dataclass(frozen=True)
class Run:
    """Somebody needs instances of this. Without a spec hash any spec of the deployment will do."""

    deployment: int
    scope: Scope
    spec_hash: str = ""
    variables_at: int | None = None
    spare: bool = False
    """Kept for a rollback: one instance will do."""


class ReleasedRow(ReleaseRow, Protocol):
    """What these rules need of a release."""

    deployment_id: int
    spec_hash: str
    variables_at: int


def wanted_runs(
    ready: Iterable[int],
    releases: Mapping[int, Sequence[ReleasedRow]],
    keep_previous: float,
    now: datetime,
    withdrawn: Collection[tuple[int, str]] = (),
) -> set[Run]:
    """Deployments that are ready run in the sandbox scope; the release in force, its candidate and the kept ones in
    the other, but not kept ones that were `withdrawn`: deployment and spec hash."""
    runs = {Run(deployment, Scope.sandbox) for deployment in ready}
    for made in releases.values():
        users = {_released(row) for row in serving(made)}
        numbers = kept(made, keep_previous, now)
        spare = {_released(row, spare=True) for row in made if row.number in numbers}
        needed = {(run.deployment, run.spec_hash) for run in users}
        runs |= users | {run for run in spare if (run.deployment, run.spec_hash) not in {*needed, *withdrawn}}
    return runs


def wanted_count(*, least: int, most: int, each: int, sessions: int | None, up: int, calm: bool) -> int:
    """How many instances there should be while `up` of them have these sessions.

    More before they are full; one less only if it is `calm`: `too_many` was true all through the last minutes. An
    unknown count of sessions changes nothing.
    """
    if sessions is None:
        return min(max(up, least), most)
    if (needed := _needed(sessions, each, _FULL)) > up:
        return min(max(needed, least), most)
    return min(max(up - calm, least), most)


def too_many(*, least: int, each: int, sessions: int | None, up: int) -> bool:
    """Would one less be far from full?"""
    return sessions is not None and up > least and _needed(sessions, each, _EMPTY) < up


def may_retire(*, sessions: int | None, settled: bool, overdue: bool, asked: bool = False) -> bool:
    """May a draining instance go? With its last session, or when its time is over. An unknown count means no, unless
    somebody `asked` for its end.

    `settled`: a page that was just loaded opens its session a moment later.
    """
    if overdue and (asked or sessions is not None):
        return asked or settled
    return settled and sessions == 0


def retry_after(failures: int) -> float:
    """Seconds to wait before starting again what failed `failures` times in a row: 0, 2, 4 … at most 5 minutes."""
    return min(2.0**failures, 300) if failures > 0 else 0


def may_replace_hung(*, live: int, most: int) -> bool:
    """May another instance come in the place of one that does not answer? `live` counts that one too."""
    return live <= most


def images_to_keep(
    deployments: Sequence[tuple[int, int, str]], released: set[str], running: set[str], keep: int
) -> set[str]:
    """Images that stay: released or running ones, and the newest `keep` of each branch.

    `deployments` are (branch, number, image).
    """
    kept_images = released | running
    by_branch: dict[int, list[str]] = {}
    for branch, _, image in sorted(deployments, key=lambda row: -row[1]):
        images = by_branch.setdefault(branch, [])
        if image not in images:
            images.append(image)
    for images in by_branch.values():
        kept_images |= set(images[:keep])
    return kept_images


def _released(row: ReleasedRow, *, spare: bool = False) -> Run:
    return Run(row.deployment_id, Scope.release, row.spec_hash, row.variables_at, spare)


def _needed(sessions: int, each: int, share: float) -> int:
    """The fewest instances of which `sessions` fill less than this share."""
    return math.floor(sessions / (share * each)) + 1
