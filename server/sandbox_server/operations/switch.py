"""The switch: the image that was pushed comes up in the release scope, is visited, and only then gets the traffic.

Until the release row is written nothing has changed for users; after it, reconcile finishes what a kill interrupts.
"""

import time
from typing import Any

from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.errors import StartFailed, StateChanged
from sandbox_server.operations import documents, edge, start, trouble, visit
from sandbox_server.operations.parts import Parts
from sandbox_server.store import deployments, events, jobs, releases
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import App, Instance, Job, Release
from sandbox_server.wire import Smoke, Status


async def switch(parts: Parts, job: Job) -> dict[str, Any]:
    """The job of a promote or a rollback. Raises what `start` and `visit` raise, and `StateChanged`."""
    began = time.monotonic()
    assert job.id is not None
    async with parts.store.read() as tx:
        release = await releases.made_by(tx, job.id)
        deployment = await deployments.by_id(tx, job.payload["deployment"])
    if release is None:
        smoke: Smoke | None = None
        try:
            if documents.renders(deployment):
                await _tell(parts, job, f"d{deployment.number} is rendered with the release's variables")
            instance = await start.bring_up(
                parts, job.payload["deployment"], Scope.release, variables_at=job.payload["variables_at"]
            )
            failpoint("switch.started")
            if not instance.visited:
                await _tell(parts, job, f"a browser visits d{deployment.number} before any user does")
                smoke = await visit.visit(parts, instance)
            output = await documents.keep(parts, instance, job.by)
        except StartFailed as error:
            trouble.point_at(error, deployment.number)
            raise
        failpoint("switch.visited")
        release = await _add(parts, job, instance, smoke, output)
    failpoint("switch.released")
    await edge.apply(parts)
    failpoint("switch.applied")
    await _switched(parts, release, job)
    return {"release": release.number, "seconds": round(time.monotonic() - began, 3)}


async def made(parts: Parts, job: Job) -> dict[str, Any] | None:
    """What this job has reached, if it came to the release row."""
    async with parts.store.read() as tx:
        release = await releases.made_by(tx, job.id or 0)
    return {"release": release.number} if release else None


async def _add(
    parts: Parts, job: Job, instance: Instance, smoke: Smoke | None, output: int | None
) -> Release:
    payload = job.payload
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, instance.id)
        if fresh.state != InstanceState.up:
            raise StateChanged("The instance went away before the switch.", "Try again.")
        deployment = await deployments.by_id(tx, payload["deployment"])
        if deployment.status == Status.retired and payload["kind"] == "promote":
            raise StateChanged(f"d{deployment.number} was removed meanwhile.")
        # A kept instance is not visited again: what was seen of it then counts.
        seen = await releases.last_smoke(tx, instance.deployment_id, instance.spec_hash)
        return await releases.add(
            tx, await tx.get_one(App, deployment.app_id), deployment, seen=payload["seen"],
            spec_hash=instance.spec_hash, variables_at=payload["variables_at"], kind=payload["kind"],
            by=job.by, reason=payload["reason"], now=parts.clock(), returns_to=payload.get("returns_to"),
            job_id=job.id, smoke=smoke.model_dump() if smoke else seen, output_id=output,
        )  # fmt: skip


async def _switched(parts: Parts, release: Release, job: Job) -> None:
    async with parts.store.write() as tx:
        app = await tx.get_one(App, release.app_id)
        await events.record(
            tx, at=parts.clock(), by=job.by, action="release.switched", app=app.name,
            subject=f"release {release.number}",
        )  # fmt: skip


async def _tell(parts: Parts, job: Job, words: str) -> None:
    async with parts.store.write() as tx:
        await jobs.tell(tx, job.id or 0, words)
