"""Batches: how much a release brings at once, beside what is usual for its app. Each pair of bundles is read once."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from anyio import to_thread
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import archive, batch
from sandbox_server.operations.parts import Parts
from sandbox_server.store import Bundles
from sandbox_server.store.tables import Deployment, Release
from sandbox_server.wire_review import Batch

_EARLIER = 10
"""Releases from which the usual size is taken."""
_MOST_FILES = 2000
_LARGEST = 1024 * 1024
"""Bytes of a file in which lines are counted."""
_TOGETHER = 32 * 1024 * 1024
"""Bytes of all such files of a bundle."""


class Step(NamedTuple):
    """From one deployment to the next."""

    before: Deployment
    after: Deployment
    days: float | None


class _Measure(NamedTuple):
    files: int | None
    lines: int | None


async def steps(tx: AsyncSession, made: Sequence[Release]) -> list[Step]:
    """What the last releases brought, newest first."""
    pairs = batch.brought(made, _EARLIER)
    ids = {row.deployment_id for pair in pairs for row in pair}
    rows = {row.id: row for row in await tx.exec(select(Deployment).where(col(Deployment.id).in_(ids)))}
    return [
        Step(rows[left.deployment_id], rows[row.deployment_id], days(left, row.created_at))
        for left, row in pairs
        if left.deployment_id != row.deployment_id
    ]


def days(release: Release | None, now: datetime) -> float | None:
    """Since that release; None without one."""
    return (now - release.created_at).total_seconds() / 86400 if release else None


async def size(parts: Parts, before: Deployment | None, after: Deployment, since: float | None) -> Batch:
    """Without lines and files if a bundle is gone."""
    return await to_thread.run_sync(_batch, parts.bundles, before, after, since)


async def usual(parts: Parts, earlier: Sequence[Step]) -> Batch | None:
    """None with too few."""
    return await to_thread.run_sync(_usual, parts.bundles, earlier)


def _usual(bundles: Bundles, earlier: Sequence[Step]) -> Batch | None:
    return batch.usual([_batch(bundles, step.before, step.after, step.days) for step in earlier])


def _batch(bundles: Bundles, before: Deployment | None, after: Deployment, since: float | None) -> Batch:
    measure = _measured(bundles, before.bundle if before else "", after.bundle)
    commits = batch.count_commits(before.commits if before else None, after.commits)
    return Batch(commits=commits, files=measure.files, lines=measure.lines, days=since)


def _measured(bundles: Bundles, before: str, after: str) -> _Measure:
    path = bundles.measure_path(before or "nothing", after)
    if known := _kept(path):
        return known
    if not all(bundles.has(digest) for digest in (before, after) if digest):
        return _Measure(None, None)
    found = _measure(bundles.path(before) if before else None, bundles.path(after))
    _keep(path, found)
    return found


def _kept(path: Path) -> _Measure | None:
    """None if it was never counted, or if the machine went down before it was on disk."""
    try:
        return _Measure(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError):
        return None


def _measure(before: Path | None, after: Path) -> _Measure:
    old, new = archive.digests(before) if before else {}, archive.digests(after)
    changed = [path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path)]
    wanted = changed[:_MOST_FILES]
    was, is_now = _texts(before, wanted), _texts(after, wanted)
    # A file whose other side is there, and was too much to be read, would count as wholly new.
    counted = [
        path
        for path in was.keys() | is_now.keys()
        if (path in was or path not in old) and (path in is_now or path not in new)
    ]
    lines = sum(batch.changed_lines(was.get(path, ""), is_now.get(path, "")) for path in counted)
    return _Measure(files=len(changed), lines=lines)


def _texts(path: Path | None, wanted: Sequence[str]) -> dict[str, str]:
    """Those that are text; of others nothing, as if they had no lines."""
    if path is None:
        return {}
    found = archive.read_text(path, wanted, _LARGEST, _TOGETHER)
    return {name: "" if "\0" in text else text for name, text in found.items()}


def _keep(path: Path, found: _Measure) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f"{secrets.token_hex(8)}.draft")
    draft.write_text(json.dumps(found._asdict()))
    draft.replace(path)
