"""Promote: from now on users get this deployment. A traffic switch, never a build."""

from sandbox_server.auth import Caller
from sandbox_server.domain.deployment import UNFINISHED, may
from sandbox_server.domain.release import check_seen
from sandbox_server.errors import ImageMissing, NotPossible
from sandbox_server.operations import jobs
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, releases, variables
from sandbox_server.store import jobs as job_rows
from sandbox_server.wire import Job, ReleaseRequest


async def request_promote(parts: Parts, caller: Caller, app_name: str, request: ReleaseRequest) -> Job:
    """Queue the switch. Raises `NotPossible`, `StateChanged`, `ImageMissing`, `NotFound`; then nothing changes."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        deployment = await deployments.get(tx, app, request.deployment)
    if not may(deployment.status).promote:
        raise NotPossible(
            f"d{deployment.number} is {deployment.status} and cannot be released.",
            _instead(f"d{deployment.number} --app {app.name}", unfinished=deployment.status in UNFINISHED),
        )
    if deployment.image is None or not await parts.builder.has(deployment.image):
        raise ImageMissing(f"The image of d{deployment.number} is not on this machine any more.")
    async with parts.store.write() as tx:
        assert app.id is not None
        check_seen(await releases.of_app(tx, app.id), request.seen)
        job = await job_rows.add(
            tx,
            "switch",
            f"app:{app.id}",
            {
                "kind": "promote",
                "deployment": deployment.id,
                "seen": request.seen,
                "reason": request.reason,
                "variables_at": await variables.newest_id(tx, app.id),
            },
            by=caller.user,
            now=parts.clock(),
            progress=f"starting d{deployment.number} in the release scope",
        )
    return await jobs.show_job(parts, job.id or 0)


def _instead(which: str, *, unfinished: bool) -> str:
    if unfinished:
        return f"Wait until it is ready: `sandbox wait {which}`."
    return f"See why: `sandbox logs {which}`, then push again: `sandbox deploy`."
