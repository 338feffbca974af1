"""The append-only history."""

import hashlib
import json
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.store.tables import Event


async def record(
    tx: AsyncSession,
    *,
    at: datetime,
    by: str,
    action: str,
    app: str = "",
    subject: str = "",
    old: str = "",
    new: str = "",
    reason: str = "",
) -> Event:
    """Append one row, chained to the row before. Call it in the transaction of the change that it tells."""
    last = (await tx.exec(select(Event.hash).order_by(col(Event.id).desc()).limit(1))).first()
    event = Event(
        at=at, by=by, action=action, app=app, subject=subject, old=old, new=new, reason=reason, hash=""
    )
    event.hash = chained_hash(last or "", event)
    tx.add(event)
    await tx.flush()
    return event


def chained_hash(before: str, event: Event) -> str:
    """SHA-256 over the hash of the row before and everything that this row says."""
    said = [
        event.at.timestamp(), event.by, event.action, event.app, event.subject, event.old, event.new, event.reason
    ]  # fmt: skip
    return hashlib.sha256(json.dumps([before, *said]).encode()).hexdigest()


async def first_broken(tx: AsyncSession) -> int | None:
    """The id of the first row whose hash does not fit, or None: the history is as it was written."""
    before = ""
    for event in await tx.exec(select(Event).order_by(col(Event.id))):
        if event.hash != chained_hash(before, event):
            return event.id
        before = event.hash
    return None


async def since(
    tx: AsyncSession, *, action: str, app: str, since: datetime, subject: str | None = None
) -> list[Event]:
    """What was told of this since then, oldest first."""
    query = select(Event).where(Event.action == action, Event.app == app, Event.at > since)
    if subject is not None:
        query = query.where(Event.subject == subject)
    return list(await tx.exec(query.order_by(col(Event.id))))


STEPS = ("building", "starting", "asleep")
"""Moves of a deployment that tell nothing to those who look at the whole app."""

INNER = (
    "instance.drained",
    "instance.returned",
    "instance.ended",
    "release.switched",
    "sandbox.added",
    "comment.picture.taken",
    "comment.picture.failed",
)
"""What only follows from something that is told too."""


async def recent(
    tx: AsyncSession,
    app: str | None = None,
    subject: str | None = None,
    limit: int = 100,
    *,
    steps: bool = True,
) -> list[Event]:
    """Newest first; without `steps`, moves between states in which nobody has to act are left out."""
    query = select(Event).order_by(col(Event.id).desc()).limit(limit)
    if app is not None:
        query = query.where(Event.app == app)
    if subject is not None:
        query = query.where(Event.subject == subject)
    if not steps:
        step = (col(Event.action) == "deployment.moved") & col(Event.new).in_(STEPS)
        query = query.where(~step, ~col(Event.action).in_(INNER))
    return list(await tx.exec(query))


async def newest(tx: AsyncSession, app: str) -> int:
    """The id of the last thing that was done to an app; 0: nothing."""
    query = select(Event.id).where(Event.app == app).order_by(col(Event.id).desc()).limit(1)
    return (await tx.exec(query)).first() or 0
