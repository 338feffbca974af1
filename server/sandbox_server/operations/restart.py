"""Restart: fresh instances of the same image; also starts again what sleeps or failed."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain.deployment import may
from sandbox_server.domain.instance import Scope
from sandbox_server.domain.release import serving
from sandbox_server.errors import ImageMissing, NotPossible
from sandbox_server.operations import jobs
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, events, instances, releases
from sandbox_server.store import jobs as job_rows
from sandbox_server.store.tables import Deployment
from sandbox_server.wire import Job, Status


async def request_restart(parts: Parts, caller: Caller, app_name: str, number: int) -> Job:
    """Raises `NotPossible`, `ImageMissing`, `NotFound`; then nothing changes."""
    now = parts.clock()
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        deployment = await deployments.get(tx, app, number)
    if not may(deployment.status).restart:
        raise NotPossible(f"d{number} is {deployment.status} and cannot be started again.")
    if deployment.image is None:
        raise ImageMissing(f"d{number} was never built, so there is nothing to start.")
    if not await parts.builder.has(deployment.image):
        raise ImageMissing(f"The image of d{number} is not on this machine any more.")
    async with parts.store.write() as tx:
        fresh = await deployments.get(tx, app, number)
        runs = fresh.status == Status.ready
        replaced = [
            row.id for row in await instances.live(tx, fresh.id) if runs and row.scope == Scope.sandbox
        ]
        if not runs:
            await deployments.move(
                tx, fresh, Status.starting, at=now, by=caller.user, app=app.name,
                phase="starting R", error={},
            )  # fmt: skip
        await events.record(
            tx, at=now, by=caller.user, action="deployment.restarted", app=app.name, subject=f"d{number}"
        )
        job = await job_rows.add(
            tx, "refresh" if runs else "deploy", f"deployment:{fresh.id}",
            {"deployment": fresh.id, "kind": "restart", "instead_of": replaced}, by=caller.user, now=now,
        )  # fmt: skip
        await _restart_release(tx, fresh, caller, now)
    return await jobs.show_job(parts, job.id or 0)


async def _restart_release(tx: AsyncSession, deployment: Deployment, caller: Caller, now: datetime) -> None:
    """If it has users, they get a fresh instance too; who is on the old one stays until they leave."""
    found = [
        row
        for row in serving(await releases.of_app(tx, deployment.app_id))
        if row.deployment_id == deployment.id
    ]
    if not found:
        return
    replaced = [row.id for row in await instances.live(tx, deployment.id) if row.scope == Scope.release]
    payload = {
        "deployment": deployment.id, "kind": "restart", "scope": Scope.release,
        "variables_at": found[-1].variables_at, "instead_of": replaced,
    }  # fmt: skip
    await job_rows.add(tx, "refresh", f"app:{deployment.app_id}", payload, by=caller.user, now=now)
