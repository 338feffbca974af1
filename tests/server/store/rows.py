"""Rows to begin with."""

from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession
from tests.server.cast import APP

from sandbox_server.store import apps
from sandbox_server.store.tables import App, Deployment

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def an_app(tx: AsyncSession, name: str = APP) -> App:
    return await apps.ensure(tx, name, "anna", NOON)


async def a_deployment(
    tx: AsyncSession, branch: str = "main", number: int = 1, status: str = "queued"
) -> Deployment:
    app = await an_app(tx)
    place = await apps.ensure_branch(tx, app, branch, "anna", NOON)
    row = Deployment(
        app_id=app.id or 0, branch_id=place.id or 0, number=number, status=status, bundle="0" * 64,
        author="anna", created_at=NOON, image="sha256:1",
    )  # fmt: skip
    tx.add(row)
    await tx.flush()
    return row
