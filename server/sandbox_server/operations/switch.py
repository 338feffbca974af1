"""The switch: the image that was pushed comes up in the release scope, is visited, and only then gets its visitors.

Until the release row is written nothing has changed for users; after it, reconcile finishes what a kill interrupts.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.canary import Wish
from sandbox_server.domain.instance import InstanceState, Leaving, Scope
from sandbox_server.domain.release import ALL, check_seen, serving
from sandbox_server.errors import StartFailed, StateChanged
from sandbox_server.operations import canary, documents, edge, passing, proposals, start, trouble, visit
from sandbox_server.operations.parts import Parts
from sandbox_server.store import deployments, events, instances, jobs, notices, releases
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import App, Deployment, Instance, Job, Release
from sandbox_server.wire import Smoke, Status


async def switch(parts: Parts, job: Job) -> dict[str, Any]:
    """The job of a promote or a rollback, of all visitors or a share of them.

    Raises what `start` and `visit` raise, `StateChanged` and `GateClosed`."""
    began = time.monotonic()
    assert job.id is not None
    async with parts.store.read() as tx:
        release = await releases.made_by(tx, job.id)
    if release is None:
        release = await (_bring_in(parts, job) if job.payload.get("share", ALL) else _give_up(parts, job))
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


async def _bring_in(parts: Parts, job: Job) -> Release:
    async with parts.store.read() as tx:
        deployment = await deployments.by_id(tx, job.payload["deployment"])
    smoke: Smoke | None = None
    try:
        if documents.renders(deployment):
            await _tell(parts, job, f"d{deployment.number} is rendered with the release's variables")
        instance = await start.bring_up(
            parts, job.payload["deployment"], Scope.release, variables_at=job.payload["variables_at"]
        )
        failpoint("switch.started")
        if await _must_visit(parts, job, instance):
            await _tell(parts, job, f"a browser visits d{deployment.number} before any user does")
            smoke = await visit.visit(parts, instance, again=True)
        output = await documents.keep(parts, instance, job.by)
    except StartFailed as error:
        trouble.point_at(error, deployment.number)
        raise
    failpoint("switch.visited")
    return await _add(parts, job, instance, smoke, output)


async def _must_visit(parts: Parts, job: Job, instance: Instance) -> bool:
    """Not visited yet; or what was seen went with a switch that came to no row, and gates may ask for it."""
    if not instance.visited or job.payload["kind"] != "promote":
        return not instance.visited
    async with parts.store.read() as tx:
        made = await releases.of_app(tx, instance.app_id)
    return _spec(instance) not in {_spec(row) for row in made}


async def _give_up(parts: Parts, job: Job) -> Release:
    async with parts.store.write() as tx:
        before = await _seen(tx, job)
        app = await tx.get_one(App, before[0].app_id)
        release = await canary.move_on(
            tx, app, Wish(0), reason=job.payload["reason"], now=parts.clock(), by=job.by, job_id=job.id
        )
        await _move_people(parts, tx, before, release.app_id, job.payload.get("move"))
    return release


async def _add(
    parts: Parts, job: Job, instance: Instance, smoke: Smoke | None, output: int | None
) -> Release:
    payload = job.payload
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, instance.id)
        if fresh.state != InstanceState.up:
            raise StateChanged("The instance went away before the switch.", "Try again.")
        # Whoever asked for its end did so before: from now on users come to it.
        fresh.drains_why = Leaving.unneeded
        tx.add(fresh)
        deployment = await deployments.by_id(tx, payload["deployment"])
        if deployment.status == Status.retired and payload["kind"] == "promote":
            raise StateChanged(f"d{deployment.number} was removed meanwhile.")
        # A kept instance is not visited again: what was seen of it then counts.
        seen = await releases.last_smoke(tx, instance.deployment_id, instance.spec_hash)
        app, before = await tx.get_one(App, deployment.app_id), await releases.of_app(tx, deployment.app_id)
        visited = smoke.model_dump() if smoke else seen
        overridden = await _pass(parts, tx, job, app, deployment, visited)
        release = await releases.add(
            tx, app, deployment, seen=payload["seen"],
            spec_hash=instance.spec_hash, variables_at=payload["variables_at"], kind=payload["kind"],
            by=job.by, reason=payload["reason"], now=parts.clock(), returns_to=payload.get("returns_to"),
            job_id=job.id, smoke=visited, output_id=output,
            share=payload.get("share", ALL), plan=payload.get("plan"), override=overridden,
        )  # fmt: skip
        await passing.tell_override(tx, parts, app, release)
        if release.kind == "promote" and release.share == ALL:
            await proposals.adopt(tx, app, deployment, release, asked_at=job.created_at)
        await _move_people(parts, tx, before, release.app_id, payload.get("move"))
        if notice := payload.get("notice"):
            # Of a rollback that the platform asked for itself: told with the row, once.
            await notices.open_notice(tx, release.app_id, now=parts.clock(), **notice)
    return release


async def _pass(
    parts: Parts, tx: AsyncSession, job: Job, app: App, deployment: Deployment, smoke: dict[str, Any]
) -> list[str]:
    """What gates miss and was overridden. The way back is never gated. Raises `GateClosed`."""
    if job.payload["kind"] != "promote":
        return []
    check_seen(await releases.of_app(tx, deployment.app_id), job.payload["seen"])
    asked = job.payload.get("override"), smoke, job.payload.get("flags", "")
    return await passing.at_switch(tx, parts, app, deployment, *asked)


async def _seen(tx: AsyncSession, job: Job) -> Sequence[Release]:
    deployment = await deployments.by_id(tx, job.payload["deployment"])
    made = await releases.of_app(tx, deployment.app_id)
    check_seen(made, job.payload["seen"])
    return made


async def _move_people(
    parts: Parts, tx: AsyncSession, before: Sequence[Release], app_id: int, seconds: float | None
) -> None:
    """Who is on what was just left is told, and gets a fresh page in so many seconds; None: may stay."""
    stays = {_spec(row) for row in serving(await releases.of_app(tx, app_id))}
    left = {_spec(row) for row in serving(before)} - stays
    for row in await instances.live(tx):
        spec = (row.deployment_id, row.spec_hash)
        if row.scope != Scope.release or spec not in stays | left:
            continue
        if spec in stays:
            row.move_at = None
        elif seconds is not None:
            row.move_at = parts.clock() + timedelta(seconds=seconds)
        tx.add(row)


def _spec(row: Release | Instance) -> tuple[int, str]:
    return row.deployment_id, row.spec_hash


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
