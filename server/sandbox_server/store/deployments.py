"""Deployments; `move` is the one function that changes a status."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.deployment import check_move
from sandbox_server.errors import NotFound, NotPossible
from sandbox_server.store import events
from sandbox_server.store.tables import App, Deployment
from sandbox_server.wire import Status


async def get(tx: AsyncSession, app: App, number: int) -> Deployment:
    """Raises `NotFound`."""
    query = select(Deployment).where(Deployment.app_id == app.id, Deployment.number == number)
    deployment = (await tx.exec(query)).first()
    if deployment is None:
        raise NotFound(
            f"{app.name} has no deployment d{number}.", f"See them: `sandbox status --app {app.name}`."
        )
    return deployment


async def by_id(tx: AsyncSession, deployment_id: int) -> Deployment:
    deployment = await tx.get(Deployment, deployment_id)
    if deployment is None:
        raise NotFound("This deployment is gone.")
    return deployment


async def by_ids(tx: AsyncSession, ids: Collection[int]) -> dict[int, Deployment]:
    """Those that are there, by id."""
    return {row.id or 0: row for row in await tx.exec(select(Deployment).where(col(Deployment.id).in_(ids)))}


async def of_app(
    tx: AsyncSession, app_id: int, branch_id: int | None = None, limit: int | None = None
) -> list[Deployment]:
    """Newest first."""
    query = select(Deployment).where(Deployment.app_id == app_id).order_by(col(Deployment.number).desc())
    if branch_id is not None:
        query = query.where(Deployment.branch_id == branch_id)
    return list(await tx.exec(query.limit(limit) if limit else query))


async def authors(tx: AsyncSession, app_id: int) -> list[str]:
    """Who pushed what is not retired, by name."""
    query = select(Deployment.author).where(Deployment.app_id == app_id, Deployment.status != Status.retired)
    return list(await tx.exec(query.distinct().order_by(Deployment.author)))


async def on_branch(tx: AsyncSession, branch_id: int, number: int) -> Deployment | None:
    """The one of this number, if it is of that branch."""
    query = select(Deployment).where(Deployment.branch_id == branch_id, Deployment.number == number)
    return (await tx.exec(query)).first()


async def in_states(tx: AsyncSession, states: Collection[Status]) -> list[Deployment]:
    return list(await tx.exec(select(Deployment).where(col(Deployment.status).in_(states))))


async def pushed_since(tx: AsyncSession, since: datetime, limit: int) -> list[Deployment]:
    """Those that were built and can be started, newest first."""
    query = select(Deployment).where(
        Deployment.created_at > since, Deployment.library != "", Deployment.status != Status.retired
    )
    return list(await tx.exec(query.order_by(col(Deployment.id).desc()).limit(limit)))


async def move(
    tx: AsyncSession,
    deployment: Deployment,
    new: Status,
    *,
    at: datetime,
    by: str,
    app: str,
    reason: str = "",
    **values: Any,
) -> None:
    """Change the status by compare-and-set, with `values`, and tell the history.

    Raises `NotPossible` if the machine has no such move or if somebody else moved first.
    """
    old = deployment.status
    check_move(deployment.number, old, new)
    changed = {"phase": "", **values, "status": new.value, "version": deployment.version + 1}
    done = await tx.exec(
        update(Deployment)
        .where(col(Deployment.id) == deployment.id, col(Deployment.status) == old)
        .values(**changed)
    )
    if done.rowcount != 1:
        raise NotPossible(f"d{deployment.number} is not {old} any more.")
    await tx.refresh(deployment)
    await events.record(
        tx, at=at, by=by, action="deployment.moved", app=app, subject=f"d{deployment.number}",
        old=old, new=new.value, reason=reason,
    )  # fmt: skip


async def note(tx: AsyncSession, deployment_id: int, **values: Any) -> None:
    """Change what is not the status, such as the phase that people see."""
    await tx.exec(
        update(Deployment)
        .where(col(Deployment.id) == deployment_id)
        .values(**values, version=Deployment.version + 1)
    )
