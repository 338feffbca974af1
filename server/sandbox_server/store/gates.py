"""Gates of apps: rows are added, never changed; the newest of an app is in force."""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.gates import GatesConfig, stored
from sandbox_server.store.tables_review import Gate


async def newest(tx: AsyncSession, app_id: int) -> Gate | None:
    """The row in force; None: nothing was ever proposed or set."""
    query = select(Gate).where(Gate.app_id == app_id).order_by(col(Gate.id).desc()).limit(1)
    return (await tx.exec(query)).first()


async def recent(tx: AsyncSession, app_id: int, limit: int) -> list[Gate]:
    """Newest first."""
    query = select(Gate).where(Gate.app_id == app_id).order_by(col(Gate.id).desc()).limit(limit)
    return list(await tx.exec(query))


async def in_force(tx: AsyncSession, app_id: int) -> GatesConfig:
    """What the app demands before a release; of an app without a row: nothing."""
    row = await newest(tx, app_id)
    return stored(row.gates) if row else GatesConfig()


async def add(
    tx: AsyncSession,
    app_id: int,
    gates: GatesConfig,
    *,
    by: str,
    now: datetime,
    reason: str = "",
    deployment_id: int | None = None,
    release: int | None = None,
) -> Gate:
    """From now on this is in force. `deployment_id`: whose bundle proposed it; `release`: with which it was adopted."""
    row = Gate(
        app_id=app_id, gates=gates.model_dump(mode="json"), deployment_id=deployment_id, release=release,
        by=by, reason=reason, created_at=now,
    )  # fmt: skip
    tx.add(row)
    await tx.flush()
    return row
