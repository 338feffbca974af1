"""Apps and their branches."""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import names
from sandbox_server.errors import BadName, NotFound
from sandbox_server.store import events
from sandbox_server.store.tables import App, Branch


async def find(tx: AsyncSession, name: str) -> App | None:
    query = select(App).where(App.name == name, col(App.removed_at).is_(None))
    return (await tx.exec(query)).first()


async def get(tx: AsyncSession, name: str) -> App:
    """Raises `NotFound`, with the names that may have been meant."""
    app = await find(tx, name)
    if app is None:
        near = names.nearest(name, [known.name for known in await all_apps(tx)])
        meant = f"Did you mean {' or '.join(near)}?" if near else "See what there is: `sandbox ls`."
        raise NotFound(f"There is no app {name[:60]!r}.", meant)
    return app


async def all_apps(tx: AsyncSession) -> list[App]:
    return list(await tx.exec(select(App).where(col(App.removed_at).is_(None)).order_by(App.name)))


async def ensure(tx: AsyncSession, name: str, by: str, now: datetime) -> App:
    """The app, made at its first push, brought back after its removal."""
    app = (await tx.exec(select(App).where(App.name == name))).first()
    if app is not None and app.removed_at is None:
        return app
    action = "app.added" if app is None else "app.restored"
    app = app or App(name=name, created_by=by, created_at=now)
    app.removed_at = None
    tx.add(app)
    await events.record(tx, at=now, by=by, action=action, app=name, subject=name)
    return app


async def branches(tx: AsyncSession, app_id: int | None = None) -> list[Branch]:
    """All that were not removed, of one app or of every app."""
    query = select(Branch).where(col(Branch.removed_at).is_(None)).order_by(col(Branch.id))
    if app_id is not None:
        query = query.where(Branch.app_id == app_id)
    return list(await tx.exec(query))


async def get_branch(tx: AsyncSession, app: App, name: str) -> Branch:
    """Raises `NotFound`, with the names that may have been meant."""
    known = {branch.name: branch for branch in await branches(tx, app.id)}
    if name not in known:
        near = names.nearest(name, known)
        meant = (
            f"Did you mean {' or '.join(near)}?" if near else f"See them: `sandbox status --app {app.name}`."
        )
        raise NotFound(f"{app.name} has no branch {name[:60]!r}.", meant)
    return known[name]


async def ever_branch(tx: AsyncSession, app: App, name: str) -> Branch:
    """The branch, also one that was removed. Raises `NotFound` as `get_branch` does."""
    query = select(Branch).where(Branch.app_id == app.id, Branch.name == name)
    return (await tx.exec(query)).first() or await get_branch(tx, app, name)


async def branch_at(tx: AsyncSession, app_id: int, label: str) -> Branch | None:
    """The branch whose host begins with this label."""
    query = select(Branch).where(
        Branch.app_id == app_id, Branch.label == label, col(Branch.removed_at).is_(None)
    )
    return (await tx.exec(query)).first()


async def ensure_branch(tx: AsyncSession, app: App, name: str, by: str, now: datetime) -> Branch:
    """The branch's row, made at its first push. Raises `BadName` if its host is another branch's."""
    assert app.id is not None
    label = names.branch_label(name, app.name)
    rows = await tx.exec(select(Branch).where(Branch.app_id == app.id, Branch.label == label))
    branch = rows.first()
    if branch is not None and branch.name != name:
        raise BadName(
            f"The branches {name!r} and {branch.name!r} of {app.name} would have the same host.",
            "Rename one of them.",
        )
    if branch is not None:
        branch.touched_at, branch.gone_since, branch.gone_why, branch.warned_at = now, None, "", None
        tx.add(branch)
    if branch is not None and branch.removed_at is None:
        return branch
    action = "sandbox.added" if branch is None else "sandbox.restored"
    branch = branch or Branch(app_id=app.id, name=name, label=label, created_at=now, touched_at=now)
    branch.removed_at = None
    tx.add(branch)
    await events.record(tx, at=now, by=by, action=action, app=app.name, subject=name)
    return branch
