"""What happens to a push: built, started, visited, and only then shown by its branch's URL.

Every step looks before it acts, so that after a kill the whole story can be told again from the start.
"""

import time

from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.errors import RouterUnavailable, RuntimeUnavailable, SandboxError, StoreUnavailable
from sandbox_server.operations import build, documents, edge, retire, start, trouble, visit
from sandbox_server.operations.parts import Parts
from sandbox_server.store import deployments, events, instances
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import App, Branch, Deployment, Job
from sandbox_server.wire import Status


async def deploy(parts: Parts, job: Job) -> None:
    """The job of a push; also starts again what sleeps or failed. Ends quietly if the deployment was cancelled.

    Raises what went wrong, after it was recorded.
    """
    deployment_id = job.payload["deployment"]
    try:
        await _deploy(parts, deployment_id)
    except (RuntimeUnavailable, RouterUnavailable, StoreUnavailable):
        raise
    except SandboxError as error:
        await fail(parts, deployment_id, error)
        raise


async def fail(parts: Parts, deployment_id: int, error: SandboxError) -> None:
    """Record why, and take away what did not come up; what was live stays live."""
    await _record(parts, deployment_id, error)
    async with parts.store.read() as tx:
        live = await instances.live(tx, deployment_id)
    for row in live:
        if row.scope == Scope.sandbox and row.state != InstanceState.draining:
            await retire.retire(parts, row)


async def _record(parts: Parts, deployment_id: int, error: SandboxError) -> None:
    async with parts.store.write() as tx:
        deployment = await deployments.by_id(tx, deployment_id)
        if deployment.status not in (Status.queued, Status.building, Status.starting):
            return
        app = await tx.get_one(App, deployment.app_id)
        trouble.point_at(error, deployment.number)
        # What was ready once may be released and started again as before: its image is the same.
        ends = Status.asleep if deployment.ready_at else Status.failed
        await deployments.move(
            tx, deployment, ends, at=parts.clock(), by="platform", app=app.name,
            reason=error.message, error=trouble.problem(error),
        )  # fmt: skip


async def _deploy(parts: Parts, deployment_id: int) -> None:
    async with build.place(parts, deployment_id):
        if await _overtaken(parts, deployment_id):
            return
        image = await build.build(parts, deployment_id)
    if image is None:
        return
    failpoint("deploy.built")
    began = time.monotonic()
    instance = await start.bring_up(parts, deployment_id, Scope.sandbox)
    await edge.apply(parts)
    await _took(parts, deployment_id, "start", time.monotonic() - began)
    failpoint("deploy.routed")
    began = time.monotonic()
    smoke = await visit.visit(parts, instance)
    await documents.keep(parts, instance, "platform")
    await _took(parts, deployment_id, "smoke", time.monotonic() - began, smoke=smoke.model_dump())
    await _publish(parts, deployment_id)
    failpoint("deploy.published")
    await edge.apply(parts)


async def _overtaken(parts: Parts, deployment_id: int) -> bool:
    """A newer push of the branch waits already: this one need not run."""
    async with parts.store.write() as tx:
        deployment = await deployments.by_id(tx, deployment_id)
        if deployment.status != Status.queued:
            return deployment.status in (Status.cancelled, Status.superseded, Status.retired)
        newest = (await deployments.of_app(tx, deployment.app_id, deployment.branch_id, limit=1))[0]
        if newest.number == deployment.number:
            return False
        app = await tx.get_one(App, deployment.app_id)
        await deployments.move(
            tx, deployment, Status.superseded, at=parts.clock(), by="platform", app=app.name,
            reason=f"d{newest.number} was pushed",
        )  # fmt: skip
    return True


async def _publish(parts: Parts, deployment_id: int) -> None:
    """Ready; and the branch's URL moves, unless a newer deployment has it already."""
    now = parts.clock()
    async with parts.store.write() as tx:
        deployment = await deployments.by_id(tx, deployment_id)
        if deployment.status != Status.starting:
            return
        app = await tx.get_one(App, deployment.app_id)
        await deployments.move(
            tx, deployment, Status.ready, at=now, by="platform", app=app.name, ready_at=now, error={}
        )
        branch = await tx.get_one(Branch, deployment.branch_id)
        shown = await tx.get(Deployment, branch.current_id) if branch.current_id else None
        if shown is None or shown.number < deployment.number:
            branch.current_id = deployment.id
            tx.add(branch)
            if shown is not None and shown.id is not None:
                await deployments.note(tx, shown.id, replaced_at=now)
            await events.record(
                tx, at=now, by="platform", action="sandbox.moved", app=app.name, subject=branch.name,
                old=f"d{shown.number}" if shown else "", new=f"d{deployment.number}",
            )  # fmt: skip
        elif shown.id != deployment.id:
            await deployments.note(tx, deployment_id, replaced_at=deployment.replaced_at or now)


async def _took(parts: Parts, deployment_id: int, step: str, seconds: float, **values: object) -> None:
    async with parts.store.write() as tx:
        deployment = await deployments.by_id(tx, deployment_id)
        taken = {**deployment.seconds, step: round(seconds, 3)}
        await deployments.note(tx, deployment_id, seconds=taken, **values)
