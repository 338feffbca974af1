"""Notices to an app's owner: open until settled, at most one of a kind."""

from datetime import datetime

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.store import events
from sandbox_server.store.tables import App
from sandbox_server.store.tables_seen import Notice

WATCH = "watch"
"""Key of what is said of a new release that is watched."""


async def open_notice(
    tx: AsyncSession, app_id: int, key: str, text: str, now: datetime, hint: str = ""
) -> Notice | None:
    """Say something that the owner should know; None if a notice with this key is open already.

    `key` is what it is about ("availability", "branch feature-x"). The first line of `text` is the mail's subject.
    """
    if await _open(tx, app_id, key):
        return None
    notice = Notice(app_id=app_id, key=key, text=text, hint=hint, at=now)
    tx.add(notice)
    await _record(tx, app_id, "notice.opened", key, now, text)
    return notice


async def settle(tx: AsyncSession, app_id: int, key: str, now: datetime) -> bool:
    """What the notice was about is over. False if none was open."""
    notice = await _open(tx, app_id, key)
    if notice is None:
        return False
    notice.settled_at = now
    # Whoever was told of the trouble is told that it is over; nobody else is told anything.
    notice.all_told = not notice.told
    tx.add(notice)
    await _record(tx, app_id, "notice.settled", key, now)
    return True


async def of_app(tx: AsyncSession, app_id: int, limit: int = 50) -> list[Notice]:
    """Open and settled ones, newest first."""
    query = select(Notice).where(Notice.app_id == app_id).order_by(col(Notice.id).desc()).limit(limit)
    return list(await tx.exec(query))


async def open_ones(tx: AsyncSession, app_id: int | None = None) -> list[Notice]:
    """Of one app or of all, newest first."""
    query = (
        select(Notice)
        .join(App, col(App.id) == col(Notice.app_id))
        .where(col(Notice.settled_at).is_(None), col(App.removed_at).is_(None))
        .order_by(col(Notice.id).desc())
    )
    if app_id is not None:
        query = query.where(Notice.app_id == app_id)
    return list(await tx.exec(query))


async def untold(tx: AsyncSession) -> list[Notice]:
    """Those of which something may be left to tell, oldest first."""
    query = select(Notice).where(col(Notice.all_told).is_(False)).order_by(col(Notice.id))
    return list(await tx.exec(query))


async def forget(tx: AsyncSession, before: datetime) -> None:
    """Those that were settled before then."""
    await tx.exec(delete(Notice).where(col(Notice.settled_at) < before))


async def _open(tx: AsyncSession, app_id: int, key: str) -> Notice | None:
    query = select(Notice).where(Notice.app_id == app_id, Notice.key == key, col(Notice.settled_at).is_(None))
    return (await tx.exec(query)).first()


async def _record(
    tx: AsyncSession, app_id: int, action: str, key: str, now: datetime, reason: str = ""
) -> None:
    app = await tx.get_one(App, app_id)
    await events.record(tx, at=now, by="platform", action=action, app=app.name, subject=key, reason=reason)
