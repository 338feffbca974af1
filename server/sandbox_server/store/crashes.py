"""Crashes, as the history has them."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.store import events
from sandbox_server.store.tables import App, Deployment

CRASHED = "instance.crashed"
"""The action."""
COUNTS_FOR = timedelta(minutes=10)
"""After that a crash is forgiven."""


async def crash_times(
    tx: AsyncSession, app: App, deployment: Deployment, scope: str | None, now: datetime
) -> list[datetime]:
    """When it crashed in the last minutes, in one scope or in any. A time yet to come is one of a clock that was put
    back."""
    told = await events.since(
        tx, action=CRASHED, app=app.name, since=now - COUNTS_FOR, subject=f"d{deployment.number}"
    )
    return [event.at for event in told if scope in (None, event.old) and event.at <= now]
