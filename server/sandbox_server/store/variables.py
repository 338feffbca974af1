"""Variables: rows are added, never changed, so that a release can name the state of all by one number."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.store.tables import Variable


async def newest_id(tx: AsyncSession, app_id: int) -> int:
    """The number that names the present state; 0 before any variable was set."""
    query = select(func.max(Variable.id)).where(Variable.app_id == app_id)
    return (await tx.exec(query)).one() or 0


async def in_effect(
    tx: AsyncSession, app_id: int, scope: str, branch: str | None, at: int | None = None
) -> list[Variable]:
    """What an instance of that scope and branch gets: the app's variables, and over them the branch's own.

    `at` takes the state that `newest_id` named; by default the present one.
    """
    query = (
        select(Variable).where(Variable.app_id == app_id, Variable.scope == scope).order_by(col(Variable.id))
    )
    if at is not None:
        query = query.where(col(Variable.id) <= at)
    newest: dict[tuple[str | None, str], Variable] = {}
    for row in await tx.exec(query):
        newest[row.branch, row.name] = row
    layers = [None, branch] if branch is not None else [None]
    effective: dict[str, Variable] = {}
    for layer in layers:
        for (owner, name), row in newest.items():
            if owner == layer and row.ciphertext is not None:
                effective[name] = row
    return [effective[name] for name in sorted(effective)]


async def listed(tx: AsyncSession, app_id: int) -> list[Variable]:
    """The rows that count, of all scopes and branches."""
    newest: dict[tuple[str, str | None, str], Variable] = {}
    query = select(Variable).where(Variable.app_id == app_id).order_by(col(Variable.id))
    for row in await tx.exec(query):
        newest[row.scope, row.branch, row.name] = row
    rows = [row for row in newest.values() if row.ciphertext is not None]
    return sorted(rows, key=lambda row: (row.scope, row.branch or "", row.name))


async def changed(tx: AsyncSession, app_id: int, scope: str, since: Callable[[Variable], bool]) -> list[str]:
    """Names of the app's own variables of that scope that were set or removed by rows that came `since`."""
    query = (
        select(Variable)
        .where(Variable.app_id == app_id, Variable.scope == scope, col(Variable.branch).is_(None))
        .order_by(col(Variable.id))
    )
    was: dict[str, Variable] = {}
    is_now: dict[str, Variable] = {}
    for row in await tx.exec(query):
        (is_now if since(row) else was)[row.name] = row
    set_before = {name for name, row in was.items() if row.ciphertext is not None}
    return sorted(name for name, row in is_now.items() if row.ciphertext is not None or name in set_before)


async def add(
    tx: AsyncSession,
    app_id: int,
    *,
    scope: str,
    branch: str | None,
    name: str,
    ciphertext: bytes | None,
    by: str,
    now: datetime,
) -> None:
    tx.add(
        Variable(
            app_id=app_id, scope=scope, branch=branch, name=name, ciphertext=ciphertext, by=by, created_at=now
        )
    )
    await tx.flush()
