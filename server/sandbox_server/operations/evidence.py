"""Evidence: what was measured of a watched release and of the one before, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import config
from sandbox_server.domain.comparison import Baseline, Comparison, Unit, alone, judge
from sandbox_server.domain.figures import Counts
from sandbox_server.domain.instance import Scope
from sandbox_server.domain.kind import Kind
from sandbox_server.domain.release import newest
from sandbox_server.domain.running import WatchConfig
from sandbox_server.domain.watching import Watched, watched
from sandbox_server.store import deployments, figures
from sandbox_server.store.tables import Deployment, Release


@dataclass(frozen=True)
class Evidence:
    watched: Watched[Release]
    deployment: Deployment
    before: Deployment | None
    newer: Counts
    older: Baseline | None
    config: WatchConfig
    comparison: Comparison


async def gather(tx: AsyncSession, made: Sequence[Release], now: datetime) -> Evidence | None:
    """As it is now, or was at that time; None if nothing is watched."""
    last = newest(made)
    if last is None:
        return None
    deployment = await deployments.by_id(tx, last.deployment_id)
    wanted = config.stored(deployment.config).watch
    found = watched(made, wanted.minutes)
    if found is None:
        return None
    # Figures of an ended watch do not grow any more.
    now = now if found.is_candidate or found.until is None else min(now, found.until)
    newer = await _measured(tx, deployment, (found.since, now))
    before = await deployments.by_id(tx, found.base.deployment_id) if found.base else None
    unit: Unit = "session" if Kind(deployment.kind).serves == "session" else "request"
    span = max((now - found.since).total_seconds(), 1.0)
    older = await _base(tx, found, before, now, wanted, unit) if before else None
    comparison = judge(newer, older, span, wanted, unit) if older else alone(newer, wanted, unit)
    return Evidence(found, deployment, before, newer, older, wanted, comparison)


async def _base(
    tx: AsyncSession,
    found: Watched[Release],
    before: Deployment,
    now: datetime,
    wanted: WatchConfig,
    unit: Unit,
) -> Baseline:
    """Over the same minutes, or over the last day if too few used it in these."""
    name = f"d{before.number}"
    if span := found.beside(now):
        counts = await _measured(tx, before, span)
        if (counts.started if unit == "session" else counts.requests) >= wanted.sessions:
            return Baseline(counts, name, max((span[1] - span[0]).total_seconds(), 1.0))
    since, until = found.day(now)
    counts = await _measured(tx, before, (since, until))
    began = found.base.created_at if found.base else since
    return Baseline(
        counts, name, max((until - max(since, began)).total_seconds(), 1.0), over=" over the last day"
    )


async def _measured(tx: AsyncSession, deployment: Deployment, span: tuple[datetime, datetime]) -> Counts:
    return await figures.total(tx, deployment.id or 0, Scope.release, *span)
