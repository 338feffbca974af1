"""History, as people read it."""

from sandbox_server.operations.parts import Parts
from sandbox_server.store import events as rows
from sandbox_server.wire import Event


async def list_events(
    parts: Parts,
    app: str | None = None,
    deployment: int | None = None,
    limit: int = 100,
    *,
    steps: bool = True,
) -> list[Event]:
    """Newest first; of one app, or of one of its deployments; with or without the steps of each push."""
    subject = f"d{deployment}" if deployment is not None else None
    async with parts.store.read() as tx:
        found = await rows.recent(tx, app, subject, limit, steps=steps)
    return [
        Event(
            at=row.at, by=row.by, action=row.action, app=row.app, subject=row.subject,
            old=row.old, new=row.new, reason=row.reason,
        )
        for row in found
    ]  # fmt: skip
