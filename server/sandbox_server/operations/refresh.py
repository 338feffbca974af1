"""Refresh: instances that should run come up beside those that are there; then the old ones drain."""

from sandbox_server.domain.instance import InstanceState, Leaving, Scope
from sandbox_server.errors import StartFailed
from sandbox_server.operations import documents, edge, retire, start, trouble, visit
from sandbox_server.operations.parts import Parts
from sandbox_server.store import deployments, events, instances
from sandbox_server.store.tables import App, Instance, Job
from sandbox_server.wire import Status


async def refresh(parts: Parts, job: Job) -> None:
    """The job for a restart, a changed variable, a new rendering, and for what crashed. If it fails, what ran goes on.

    Payload: `deployment`, `scope`, `variables_at` (absent: the present ones), `instead_of` (ids of instances),
    `parameters` (of a new rendering), `instance` (that one, for which a row is reserved).
    """
    if await _is_moot(parts, job):
        return
    try:
        row = await _bring_up(parts, job)
    except StartFailed as error:
        await _record(parts, job, error)
        raise
    instead_of = job.payload.get("instead_of", [])
    async with parts.store.write() as tx:
        for old in await instances.live(tx, row.deployment_id):
            if old.id in instead_of or _outdated(old, row):
                await instances.drain(tx, old, job.by, parts.clock(), Leaving.replaced)
    await edge.apply(parts)


async def _is_moot(parts: Parts, job: Job) -> bool:
    """A sandbox that went to sleep or was removed meanwhile gets all that is new when it starts again."""
    async with parts.store.read() as tx:
        deployment = await deployments.by_id(tx, job.payload["deployment"])
        reserved = await tx.get(Instance, job.payload.get("instance", 0))
    if reserved is not None and reserved.state in (InstanceState.stopping, InstanceState.ended):
        return True
    return _scope(job) is Scope.sandbox and deployment.status != Status.ready


async def _bring_up(parts: Parts, job: Job) -> Instance:
    payload, scope = job.payload, _scope(job)
    row = await start.bring_up(
        parts, payload["deployment"], scope, variables_at=payload.get("variables_at"),
        instead_of=payload.get("instead_of", []), parameters=payload.get("parameters"),
        reserved=payload.get("instance"),
    )  # fmt: skip
    if payload.get("kind") == "revive" and await visit.trust(parts, row):
        await documents.keep(parts, row, job.by)
        return row
    try:
        smoke = await visit.visit(parts, row)
        await documents.keep(parts, row, job.by)
    except StartFailed:
        await retire.retire(parts, row)
        raise
    if scope is Scope.sandbox:
        async with parts.store.write() as tx:
            await deployments.note(tx, payload["deployment"], smoke=smoke.model_dump(), phase="")
    return row


async def _record(parts: Parts, job: Job, error: StartFailed) -> None:
    """Whoever set a variable does not wait for this job: the history tells."""
    async with parts.store.write() as tx:
        deployment = await deployments.by_id(tx, job.payload["deployment"])
        trouble.point_at(error, deployment.number)
        app = await tx.get_one(App, deployment.app_id)
        await events.record(
            tx, at=parts.clock(), by=job.by, action="instance.not_started", app=app.name,
            subject=f"d{deployment.number}", old=_scope(job), reason=error.message,
        )  # fmt: skip


def _scope(job: Job) -> Scope:
    return Scope(job.payload.get("scope", Scope.sandbox))


def _outdated(old: Instance, new: Instance) -> bool:
    """A sandbox has one spec, the last one asked for; a release's earlier ones may be kept for a rollback."""
    return old.scope == new.scope == Scope.sandbox and old.spec_hash != new.spec_hash
