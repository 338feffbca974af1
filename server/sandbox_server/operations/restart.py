"""Restart: fresh instances of the same image; also starts again what sleeps or failed."""

from datetime import timedelta

from sandbox_server.auth import Caller
from sandbox_server.domain.deployment import may
from sandbox_server.domain.instance import Scope
from sandbox_server.errors import ImageMissing, NotPossible
from sandbox_server.operations import jobs
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, events, instances
from sandbox_server.store import jobs as job_rows
from sandbox_server.wire import Job, Status


async def request_restart(parts: Parts, caller: Caller, app_name: str, number: int) -> Job:
    """Raises `NotPossible`, `ImageMissing`, `NotFound`; then nothing changes."""
    now = parts.clock()
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        deployment = await deployments.get(tx, app, number)
    if not may(deployment.status).restart:
        raise NotPossible(f"d{number} is {deployment.status} and cannot be started again.")
    if deployment.image is None or not await parts.builder.has(deployment.image):
        raise ImageMissing(f"d{number} has no image on this machine any more.")
    async with parts.store.write() as tx:
        fresh = await deployments.get(tx, app, number)
        runs = fresh.status == Status.ready
        replaced = [
            row.id for row in await instances.live(tx, fresh.id) if runs and row.scope == Scope.sandbox
        ]
        if not runs:
            await deployments.move(
                tx, fresh, Status.starting, at=now, by=caller.user, app=app.name,
                phase="starting R", error={}, awake_until=now + timedelta(seconds=parts.settings.woken_for),
            )  # fmt: skip
        await events.record(
            tx, at=now, by=caller.user, action="deployment.restarted", app=app.name, subject=f"d{number}"
        )
        job = await job_rows.add(
            tx, "refresh" if runs else "deploy", f"deployment:{fresh.id}",
            {"deployment": fresh.id, "kind": "restart", "instead_of": replaced}, by=caller.user, now=now,
        )  # fmt: skip
    return await jobs.show_job(parts, job.id or 0)
