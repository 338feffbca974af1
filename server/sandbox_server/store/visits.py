"""The platform's own visits to releases."""

from datetime import datetime

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.availability import Seen
from sandbox_server.store.tables import App
from sandbox_server.store.tables_seen import Visit

MOST = 30_000
"""Kept for each app: 90 days and more, a visit every five minutes."""


async def add(tx: AsyncSession, visit: Visit) -> None:
    """Keep it, and forget the oldest ones beyond the most that are kept."""
    tx.add(visit)
    await tx.flush()
    query = (
        select(Visit.id)
        .where(Visit.app_id == visit.app_id)
        .order_by(col(Visit.id).desc())
        .offset(MOST)
        .limit(1)
    )
    if (oldest := (await tx.exec(query)).first()) is not None:
        await tx.exec(delete(Visit).where(col(Visit.app_id) == visit.app_id, col(Visit.id) <= oldest))


async def last_times(tx: AsyncSession) -> dict[int, datetime]:
    """By app, when it was last visited."""
    # Looked up for each app: there are many visits, and an index leads to the newest one.
    newest = select(Visit.id).where(Visit.app_id == App.id).order_by(col(Visit.id).desc()).limit(1)
    of_apps = select(newest.correlate(App).scalar_subquery())
    query = select(Visit.app_id, Visit.at).where(col(Visit.id).in_(of_apps))
    return dict((await tx.exec(query)).all())


async def latest(tx: AsyncSession, after: datetime) -> list[Visit]:
    """Of each app the newest one, if it was made after that time."""
    newest = select(Visit.id).where(Visit.app_id == App.id).order_by(col(Visit.id).desc()).limit(1)
    of_apps = select(newest.correlate(App).scalar_subquery()).where(col(App.removed_at).is_(None))
    return list(await tx.exec(select(Visit).where(col(Visit.id).in_(of_apps), Visit.at > after)))


async def since(tx: AsyncSession, app_id: int, time: datetime) -> list[Seen]:
    """Oldest first."""
    query = (
        select(Visit.at, Visit.ok)
        .where(Visit.app_id == app_id, Visit.at >= time)
        .order_by(col(Visit.at), col(Visit.id))
    )
    return [Seen(at, ok) for at, ok in await tx.exec(query)]


async def newest(
    tx: AsyncSession, app_id: int, limit: int = 1, *, failed: bool = False, after: datetime | None = None
) -> list[Visit]:
    """Newest first; only those that failed, only later ones."""
    query = select(Visit).where(Visit.app_id == app_id).order_by(col(Visit.id).desc()).limit(limit)
    if failed:
        query = query.where(col(Visit.ok).is_(False))
    if after is not None:
        query = query.where(Visit.at >= after)
    return list(await tx.exec(query))


async def forget(tx: AsyncSession, before: datetime) -> None:
    await tx.exec(delete(Visit).where(col(Visit.at) < before))
