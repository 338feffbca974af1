"""Remove a branch's sandbox or a whole app. What is released is refused; history and numbers stay."""

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain.release import ALL, kept, serving
from sandbox_server.errors import NotPossible
from sandbox_server.operations import edge, invite
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.trouble import CANCELLED
from sandbox_server.store import apps, deployments, events, instances, jobs, notices, releases
from sandbox_server.store.tables import App, Branch, Deployment, Release
from sandbox_server.wire import Removed, Status

_ENDS_BY = {
    Status.queued: Status.cancelled,
    Status.building: Status.cancelled,
    Status.starting: Status.cancelled,
    Status.ready: Status.asleep,
}
"""The way to `retired` from states that have none of their own."""

_OTHER_BRANCH = (
    "Release a deployment of another branch first, then remove this one when it is kept no longer."
)
_USERS = "An app that was released keeps its users. Its other branches: `sandbox rm --branch B`."


async def remove_branch(parts: Parts, caller: Caller, app_name: str, branch_name: str) -> Removed:
    """Raises `NotFound`, and `NotPossible` if one of its deployments is released or kept for a rollback."""
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        branch = await apps.get_branch(tx, app, branch_name)
        rows = await deployments.of_app(tx, app.id or 0, branch.id)
        await _refuse_released(parts, tx, app, rows, _OTHER_BRANCH)
        removed = await _retire_all(parts, tx, app, rows, caller)
        await _end_branch(parts, tx, app, branch, caller)
    await edge.apply(parts)
    return Removed(removed=[f"sandbox {branch_name}", *removed])


async def remove_app(parts: Parts, caller: Caller, app_name: str) -> Removed:
    """Raises `NotFound`, and `NotPossible` while the app has a release: its users would lose it."""
    now = parts.clock()
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        rows = await deployments.of_app(tx, app.id or 0)
        await _refuse_released(parts, tx, app, rows, _USERS)
        branches = await apps.branches(tx, app.id)
        removed = await _retire_all(parts, tx, app, rows, caller)
        for branch in branches:
            await _end_branch(parts, tx, app, branch, caller)
        for notice in await notices.open_ones(tx, app.id):
            await notices.settle(tx, app.id or 0, notice.key, now)
        app.removed_at = now
        tx.add(app)
        await events.record(tx, at=now, by=caller.user, action="app.removed", app=app.name, subject=app.name)
    await edge.apply(parts)
    return Removed(removed=[f"app {app_name}", *(f"sandbox {branch.name}" for branch in branches), *removed])


async def is_released(parts: Parts, tx: AsyncSession, app: App, branch: Branch) -> bool:
    """Whether one of its deployments has users, is kept for a rollback, or is just being released."""
    try:
        await _refuse_released(parts, tx, app, await deployments.of_app(tx, app.id or 0, branch.id), "")
    except NotPossible:
        return True
    return False


async def _refuse_released(
    parts: Parts, tx: AsyncSession, app: App, rows: list[Deployment], hint: str
) -> None:
    made = await releases.of_app(tx, app.id or 0)
    used = {row.number for row in serving(made)}
    needed = used | set(kept(made, parts.settings.keep_previous, parts.clock()))
    wanted = {job.payload.get("deployment") for job in await jobs.open_jobs(tx, f"app:{app.id}")}
    for asked in rows:
        if asked.id in wanted:
            raise NotPossible(
                f"d{asked.number} is just being released.", "Wait for its end: `sandbox releases`."
            )
    for release in made:
        row = next((row for row in rows if row.id == release.deployment_id), None)
        if row is not None and release.number in needed:
            what = _use(release) if release.number in used else "is kept for a rollback"
            raise NotPossible(f"d{row.number} is release {release.number} and {what}.", hint)


def _use(release: Release) -> str:
    return "has the app's users" if release.share == ALL else f"has {release.share} % of the app's users"


async def _retire_all(
    parts: Parts, tx: AsyncSession, app: App, rows: list[Deployment], caller: Caller
) -> list[str]:
    removed = []
    for row in rows:
        if row.status == Status.retired:
            continue
        for status in (_ENDS_BY.get(Status(row.status)), Status.retired):
            if status is not None:
                await deployments.move(
                    tx, row, status, at=parts.clock(), by=caller.user, app=app.name, reason="removed"
                )
        await jobs.cancel(tx, f"deployment:{row.id}", parts.clock(), CANCELLED)
        for instance in await instances.live(tx, row.id):
            await instances.drain(tx, instance, caller.user, parts.clock())
        removed.append(f"d{row.number}")
    return removed


async def _end_branch(parts: Parts, tx: AsyncSession, app: App, branch: Branch, caller: Caller) -> None:
    branch.removed_at, branch.current_id = parts.clock(), None
    tx.add(branch)
    await invite.revoke_all(tx, app, branch, caller.user, parts.clock())
    await events.record(
        tx, at=parts.clock(), by=caller.user, action="sandbox.removed", app=app.name, subject=branch.name
    )
