"""What was measured of deployments: for a day by minutes, for a month by hours, and all in one sum."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import figures
from sandbox_server.domain.figures import Counts
from sandbox_server.domain.tally import Met
from sandbox_server.store.tables import Deployment
from sandbox_server.store.tables_seen import Fault, Metric
from sandbox_server.wire import Status

Span = Literal["minute", "hour"]

MOST_FAULTS = 100
"""Kept of each deployment and scope: the most recent ones."""

_KEPT: dict[str, timedelta] = {"minute": timedelta(days=1), "hour": timedelta(days=31)}
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


async def add(tx: AsyncSession, deployment_id: int, scope: str, at: datetime, counts: Counts) -> None:
    """Measured at this time; it counts for its minute, its hour and the whole."""
    if not counts.dump():
        return
    for span, begin in (("minute", floor(at, "minute")), ("hour", floor(at, "hour")), ("ever", _EVER)):
        await _add(tx, deployment_id, scope, span, begin, counts)


async def total(tx: AsyncSession, deployment_id: int, scope: str, since: datetime, until: datetime) -> Counts:
    """Of the minutes that begin from `since`'s own on and before `until`; beyond a day, of the hours."""
    span: Span = "minute" if until - since <= _KEPT["minute"] else "hour"
    query = select(Metric.counts).where(
        Metric.deployment_id == deployment_id, Metric.scope == scope, Metric.span == span,
        Metric.at >= floor(since, span), Metric.at < until,
    )  # fmt: skip
    return figures.total(figures.load(counts) for counts in await tx.exec(query))


async def points(
    tx: AsyncSession, deployments: Collection[int], scope: str, span: Span, since: datetime, until: datetime
) -> list[tuple[datetime, Counts]]:
    """Of all these deployments together, oldest first; spans in which nothing happened are left out."""
    query = select(Metric.at, Metric.counts).where(
        col(Metric.deployment_id).in_(deployments), Metric.scope == scope, Metric.span == span,
        Metric.at >= floor(since, span), Metric.at < until,
    )  # fmt: skip
    found: dict[datetime, Counts] = {}
    for at, counts in await tx.exec(query):
        found.setdefault(at, Counts()).beside(figures.load(counts))
    return sorted(found.items())


async def ever(tx: AsyncSession, deployments: Collection[int]) -> dict[tuple[int, str], Counts]:
    """All that was ever measured of each of these deployments, by deployment and scope."""
    query = select(Metric.deployment_id, Metric.scope, Metric.counts).where(
        col(Metric.deployment_id).in_(deployments), Metric.span == "ever"
    )
    return {(deployment, scope): figures.load(counts) for deployment, scope, counts in await tx.exec(query)}


async def measured_since(tx: AsyncSession, since: datetime) -> set[int]:
    """Deployments of which something was measured since then."""
    query = select(Metric.deployment_id).where(Metric.span == "minute", Metric.at >= floor(since, "minute"))
    return set(await tx.exec(query.distinct()))


async def meet(tx: AsyncSession, deployment_id: int, scope: str, errors: Iterable[Met]) -> None:
    """Count errors by place; beyond the most that are kept, those that are longest ago go."""
    own = select(Fault).where(Fault.deployment_id == deployment_id, Fault.scope == scope)
    known = {(row.place, row.kind): row for row in await tx.exec(own)}
    for met in errors:
        row = known.get((met.place, met.kind))
        if row is None:
            row = known[met.place, met.kind] = Fault(
                deployment_id=deployment_id, scope=scope, place=met.place, kind=met.kind,
                first_at=met.at, last_at=met.at,
            )  # fmt: skip
        row.count += met.count
        row.last_at = max(row.last_at, met.at)
        row.message = met.message or row.message
    await _keep_recent(tx, list(known.values()))


async def faults(tx: AsyncSession, deployments: Collection[int], scope: str) -> list[Fault]:
    """The most recent one first."""
    query = select(Fault).where(col(Fault.deployment_id).in_(deployments), Fault.scope == scope)
    return list(await tx.exec(query.order_by(col(Fault.last_at).desc(), col(Fault.id))))


async def tidy(tx: AsyncSession, now: datetime) -> None:
    """Forget what is older than it is kept. What a clock that ran ahead has written counts as of now."""
    for name, kept in _KEPT.items():
        await tx.exec(delete(Metric).where(col(Metric.span) == name, col(Metric.at) < now - kept))
    ahead = list(await tx.exec(select(Metric).where(Metric.span != "ever", Metric.at > now)))
    for row in ahead:
        await tx.delete(row)
        begin = floor(now, row.span)
        await _add(tx, row.deployment_id, row.scope, row.span, begin, figures.load(row.counts))
    late = list(await tx.exec(select(Fault).where(Fault.last_at > now)))
    for fault in late:
        fault.first_at, fault.last_at = min(fault.first_at, now), now
        tx.add(fault)


async def forget_retired(tx: AsyncSession) -> None:
    """Nothing is kept of what cannot come back."""
    retired = select(Deployment.id).where(Deployment.status == Status.retired)
    await tx.exec(delete(Metric).where(col(Metric.deployment_id).in_(retired)))
    await tx.exec(delete(Fault).where(col(Fault.deployment_id).in_(retired)))


def floor(at: datetime, span: str) -> datetime:
    """The beginning of the minute or hour."""
    if span == "hour":
        return at.replace(minute=0, second=0, microsecond=0)
    return at.replace(second=0, microsecond=0)


async def _add(
    tx: AsyncSession, deployment_id: int, scope: str, span: str, begin: datetime, counts: Counts
) -> None:
    query = select(Metric).where(
        Metric.deployment_id == deployment_id, Metric.scope == scope, Metric.span == span, Metric.at == begin
    )
    row = (await tx.exec(query)).first()
    if row is None:
        row = Metric(deployment_id=deployment_id, scope=scope, span=span, at=begin)
    whole = figures.load(row.counts)
    whole.add(counts)
    row.counts = whole.dump()
    tx.add(row)
    await tx.flush()


async def _keep_recent(tx: AsyncSession, rows: Sequence[Fault]) -> None:
    ordered = sorted(rows, key=lambda row: row.last_at, reverse=True)
    tx.add_all(ordered[:MOST_FAULTS])
    for row in ordered[MOST_FAULTS:]:
        if row.id is not None:
            await tx.delete(row)
    await tx.flush()
