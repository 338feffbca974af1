"""What owners should know: notices, open and settled."""

from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, notices
from sandbox_server.store.tables import App
from sandbox_server.store.tables_seen import Notice as Row
from sandbox_server.wire_sessions import Notice


async def open_notices(parts: Parts) -> list[Notice]:
    """Of all apps, newest first."""
    async with parts.store.read() as tx:
        rows = await notices.open_ones(tx)
        names = {row.app_id: (await tx.get_one(App, row.app_id)).name for row in rows}
    return [_notice(row, names[row.app_id]) for row in rows]


async def notices_of(parts: Parts, app_name: str, limit: int) -> list[Notice]:
    """Settled ones too, newest first. Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        rows = await notices.of_app(tx, app.id or 0, limit)
    return [_notice(row, app.name) for row in rows]


def _notice(row: Row, app: str) -> Notice:
    return Notice(
        app=app,
        key=row.key,
        text=row.text,
        hint=row.hint,
        at=row.at,
        settled_at=row.settled_at,
        told_at=row.told_at,
    )
