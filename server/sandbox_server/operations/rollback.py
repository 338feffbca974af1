"""Rollback: an earlier release comes back, with the variables that it had. One more release row, nothing is undone."""

from sandbox_server.auth import Caller
from sandbox_server.domain.release import check_seen, rollback_target
from sandbox_server.errors import ImageMissing
from sandbox_server.operations import jobs
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, releases
from sandbox_server.store import jobs as job_rows
from sandbox_server.wire import Job, RollbackRequest


async def request_rollback(parts: Parts, caller: Caller, app_name: str, request: RollbackRequest) -> Job:
    """Queue the switch. Raises `NotPossible`, `StateChanged`, `ImageMissing`, `NotFound`; then nothing changes."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        assert app.id is not None
        made = await releases.of_app(tx, app.id)
        check_seen(made, request.seen)
        target = rollback_target(made, request.to)
        deployment = await deployments.by_id(tx, target.deployment_id)
    if not await parts.builder.has(target.image):
        raise ImageMissing(f"The image of release {target.number} (d{deployment.number}) is gone.")
    async with parts.store.write() as tx:
        check_seen(await releases.of_app(tx, app.id), request.seen)
        job = await job_rows.add(
            tx,
            "switch",
            f"app:{app.id}",
            {
                "kind": "rollback",
                "deployment": target.deployment_id,
                "seen": request.seen,
                "reason": request.reason,
                "variables_at": target.variables_at,
                "returns_to": target.number,
            },
            by=caller.user,
            now=parts.clock(),
            progress=f"starting d{deployment.number} in the release scope",
        )
    return await jobs.show_job(parts, job.id or 0)
