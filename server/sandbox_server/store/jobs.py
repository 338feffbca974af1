"""The queue is a table: claimed by compare-and-set, one running job for each target."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, delete, func, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.errors import NotFound
from sandbox_server.store.tables import Job, Release

OPEN = ("queued", "running")
_ONCE = ("instance:", "comment:", "letter:")
"""Targets of which nobody asks for the last job begin so: there is no end to them."""


async def add(
    tx: AsyncSession,
    kind: str,
    target: str,
    payload: dict[str, Any],
    *,
    by: str,
    now: datetime,
    progress: str = "",
    run_after: datetime | None = None,
) -> Job:
    """`progress` is what people see until the job tells more; `run_after`: not before, by default now."""
    job = Job(
        kind=kind, target=target, payload=payload, by=by, status="queued", run_after=run_after or now,
        created_at=now, progress=progress,
    )  # fmt: skip
    tx.add(job)
    await tx.flush()
    return job


async def get(tx: AsyncSession, job_id: int) -> Job:
    job = await tx.get(Job, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}.")
    return job


async def open_jobs(tx: AsyncSession, target: str | None = None) -> list[Job]:
    """Queued and running ones, oldest first."""
    query = select(Job).where(col(Job.status).in_(OPEN)).order_by(col(Job.id))
    if target is not None:
        query = query.where(Job.target == target)
    return list(await tx.exec(query))


async def claim(
    tx: AsyncSession, now: datetime, lease_for: float, busy: Collection[str], mine: Collection[int] = ()
) -> Job | None:
    """The oldest job that may run now, leased; None if there is none.

    `busy` names kinds that have no place free; `mine` are jobs that the caller works on, whatever their lease says.
    """
    running = {job.target for job in await open_jobs(tx) if job.leased_until and job.leased_until > now}
    query = (
        select(Job)
        .where(
            col(Job.status).in_(OPEN),
            Job.run_after <= now,
            col(Job.kind).not_in(busy),
            col(Job.id).not_in(mine),
            col(Job.cancelled).is_(False),
            or_(col(Job.leased_until).is_(None), col(Job.leased_until) <= now),
        )
        .order_by(col(Job.id))
    )
    job = next((job for job in await tx.exec(query) if job.target not in running), None)
    if job is None:
        return None
    job.status, job.lease = "running", secrets.token_hex(8)
    job.leased_until = now + timedelta(seconds=lease_for)
    job.attempts += 1
    job.version += 1
    tx.add(job)
    await tx.flush()
    return job


async def renew(tx: AsyncSession, job: Job, until: datetime) -> bool:
    """Keep the lease. False: it is somebody else's now, or the job was cancelled."""
    query = (
        update(Job)
        .where(col(Job.id) == job.id, col(Job.lease) == job.lease, col(Job.cancelled).is_(False))
        .values(leased_until=until)
    )
    return bool((await tx.exec(query)).rowcount)


async def tell(tx: AsyncSession, job_id: int, progress: str) -> None:
    query = update(Job).where(col(Job.id) == job_id).values(progress=progress, version=Job.version + 1)
    await tx.exec(query)


async def finish(
    tx: AsyncSession,
    job: Job,
    status: str,
    now: datetime,
    *,
    result: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
) -> None:
    values = {
        "status": status, "finished_at": now, "lease": None, "leased_until": None,
        "result": result or {}, "error": error or {}, "version": Job.version + 1,
    }  # fmt: skip
    await tx.exec(update(Job).where(col(Job.id) == job.id, col(Job.lease) == job.lease).values(**values))


async def retry_later(tx: AsyncSession, job: Job, run_after: datetime, progress: str) -> None:
    values = {
        "status": "queued", "run_after": run_after, "lease": None, "leased_until": None,
        "progress": progress, "version": Job.version + 1,
    }  # fmt: skip
    await tx.exec(update(Job).where(col(Job.id) == job.id, col(Job.lease) == job.lease).values(**values))


async def cancel(tx: AsyncSession, target: str, now: datetime, error: dict[str, Any]) -> None:
    """Ask whoever runs jobs of this target to stop; those that nobody runs end here, with `error`."""
    of_target = (col(Job.target) == target, col(Job.status).in_(OPEN))
    await tx.exec(update(Job).where(*of_target).values(cancelled=True, version=Job.version + 1))
    ended = {"status": "failed", "finished_at": now, "error": error}
    await tx.exec(update(Job).where(*of_target, col(Job.lease).is_(None)).values(**ended))


async def last(tx: AsyncSession, target: str, kind: str) -> Job | None:
    """The newest one, open or over."""
    query = select(Job).where(Job.target == target, Job.kind == kind).order_by(col(Job.id).desc()).limit(1)
    return (await tx.exec(query)).first()


async def last_end(tx: AsyncSession, target: str, kind: str) -> datetime | None:
    """When the newest job of that target and kind ended, if it did."""
    query = (
        select(Job.finished_at)
        .where(Job.target == target, Job.kind == kind)
        .order_by(col(Job.id).desc())
        .limit(1)
    )
    return (await tx.exec(query)).first()


async def release_leases(tx: AsyncSession) -> None:
    """Called by the only worker at its start: whoever held them is dead. What was to be cancelled has ended so."""
    cancelled = (col(Job.status).in_(OPEN), col(Job.cancelled).is_(True))
    await tx.exec(update(Job).where(*cancelled).values(status="failed", lease=None, leased_until=None))
    await tx.exec(update(Job).where(col(Job.status) == "running").values(lease=None, leased_until=None))


async def forget(tx: AsyncSession, before: datetime) -> None:
    """Those that ended before then. Releases' own stay, and the newest of each target and kind: its end counts.

    The newest of all stays too, so that no number comes twice.
    """
    again = [~col(Job.target).startswith(begin) for begin in _ONCE]
    newest = select(func.max(Job.id)).where(*again).group_by(Job.target, Job.kind)
    released = select(Release.job_id).where(col(Release.job_id).is_not(None))
    await tx.exec(
        delete(Job).where(
            col(Job.status).not_in(OPEN),
            func.coalesce(Job.finished_at, Job.created_at) < before,
            *(col(Job.id).not_in(kept) for kept in (newest, released, select(func.max(Job.id)))),
        )
    )
