"""What has to run, and what may go. Pure rules; whoever applies them asks again right before acting."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sandbox_server.domain.instance import Scope
from sandbox_server.domain.release import ReleaseRow, in_force, kept


@dataclass(frozen=True)
class Run:
    """Somebody needs an instance of this. Without a spec hash any spec of the deployment will do."""

    deployment: int
    scope: Scope
    spec_hash: str = ""
    variables_at: int | None = None


class ReleasedRow(ReleaseRow, Protocol):
    """What these rules need of a release."""

    deployment_id: int
    spec_hash: str
    variables_at: int


def wanted_runs(
    ready: Iterable[int], releases: Mapping[int, Sequence[ReleasedRow]], keep_previous: float, now: datetime
) -> set[Run]:
    """Deployments that are ready run in the sandbox scope; the release in force and the kept ones in the other."""
    runs = {Run(deployment, Scope.sandbox) for deployment in ready}
    for made in releases.values():
        numbers = set(kept(made, keep_previous, now))
        current = in_force(made)
        if current is not None:
            numbers.add(current.number)
        runs |= {
            Run(row.deployment_id, Scope.release, row.spec_hash, row.variables_at)
            for row in made
            if row.number in numbers
        }
    return runs


def may_sleep(
    *,
    replaced_at: datetime | None,
    awake_until: datetime | None,
    sessions: int | None,
    settle: float,
    drain_deadline: float,
    now: datetime,
) -> bool:
    """May a ready deployment's sandbox go to sleep? A branch's current one never; an unknown count means no."""
    if replaced_at is None:
        return False
    since = max(replaced_at, awake_until or replaced_at)
    if now < since + timedelta(seconds=settle):
        return False
    if sessions is None:
        return False
    return sessions == 0 or now >= since + timedelta(seconds=drain_deadline)


def may_retire(
    *,
    drains_since: datetime | None,
    sessions: int | None,
    settle: float,
    drain_deadline: float,
    now: datetime,
) -> bool:
    """May a draining instance go? With its last session, or at the deadline; an unknown count means no.

    Not within the first `settle` seconds: a page that was just loaded opens its session a moment later.
    """
    if drains_since is None or sessions is None or now < drains_since + timedelta(seconds=settle):
        return False
    return sessions == 0 or now >= drains_since + timedelta(seconds=drain_deadline)


def retry_after(failures: int) -> float:
    """Seconds to wait before starting again what failed `failures` times in a row: 0, 2, 4 … at most 5 minutes."""
    return min(2.0**failures, 300) if failures > 0 else 0


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
