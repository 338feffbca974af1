"""Follow work that takes a while."""

from sandbox_server.operations import overview
from sandbox_server.operations.bell import wait as wait_for
from sandbox_server.operations.observe import recount
from sandbox_server.operations.parts import Parts
from sandbox_server.store import jobs as rows
from sandbox_server.store.tables import App, Job
from sandbox_server.wire import Job as JobWire
from sandbox_server.wire import Problem, Release


async def show_job(parts: Parts, job_id: int, seen: int | None = None, wait: float = 0) -> JobWire:
    """The job; with `seen`, waits up to `wait` seconds until its version is another one."""
    deadline = parts.monotonic() + wait
    while True:
        heard = parts.bell.listen()
        async with parts.store.read() as tx:
            job = await rows.get(tx, job_id)
        left = deadline - parts.monotonic()
        if job.version != seen or left <= 0:
            return await _shown(parts, job)
        await wait_for(heard, min(left, 2))


async def ended(parts: Parts, job_id: int, wait: float) -> JobWire:
    """The job once it is over, or as it is after `wait` seconds."""
    deadline = parts.monotonic() + wait
    job = await show_job(parts, job_id)
    while job.status in rows.OPEN and (left := deadline - parts.monotonic()) > 0:
        job = await show_job(parts, job_id, job.version, left)
    return job


async def _shown(parts: Parts, job: Job) -> JobWire:
    release = await _release(parts, job) if "release" in job.result else None
    return JobWire(
        job=job.id or 0,
        kind=job.payload.get("kind", job.kind),
        status=job.status,
        progress=job.progress,
        release=release,
        seconds=job.result.get("seconds"),
        left_sessions=await _left(parts, release) if release else None,
        error=Problem(**job.error) if job.error else None,
        version=job.version,
    )


async def _release(parts: Parts, job: Job) -> Release | None:
    async with parts.store.read() as tx:
        app = await tx.get_one(App, int(job.target.removeprefix("app:")))
    made = await overview.list_releases(parts, app.name)
    return next((release for release in made if release.release == job.result["release"]), None)


async def _left(parts: Parts, release: Release) -> int | None:
    """People still on the release that was left."""
    await recount(parts)
    made = await overview.list_releases(parts, release.app)
    earlier = [other for other in made if other.release < release.release]
    # A share takes nobody's version away; what is given up is the candidate's own row before.
    before = next((other for other in earlier if other.share == 100 or release.share == 0), None)
    return 0 if before is None or 0 < release.share < 100 else before.sessions
