"""Refresh: instances that should run come up beside those that are there; then the old ones drain."""

from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.operations import edge, start, visit
from sandbox_server.operations.parts import Parts
from sandbox_server.store import deployments, instances
from sandbox_server.store.tables import Instance, Job


async def refresh(parts: Parts, job: Job) -> None:
    """The job for a restart, a changed variable, and for what crashed. If it fails, what ran goes on.

    Payload: `deployment`, `scope`, `variables_at` (absent: the present ones), `instead_of` (ids of instances).
    """
    payload = job.payload
    scope = Scope(payload.get("scope", Scope.sandbox))
    instead_of = payload.get("instead_of", [])
    row = await start.bring_up(
        parts, payload["deployment"], scope, variables_at=payload.get("variables_at"), instead_of=instead_of
    )
    smoke = await visit.visit(parts, row)
    async with parts.store.write() as tx:
        if scope is Scope.sandbox:
            await deployments.note(tx, payload["deployment"], smoke=smoke.model_dump(), phase="")
        for old in await instances.live(tx, row.deployment_id):
            if old.state == InstanceState.up and (old.id in instead_of or _outdated(old, row)):
                old.state, old.drains_since = InstanceState.draining, parts.clock()
                tx.add(old)
    await edge.apply(parts)


def _outdated(old: Instance, new: Instance) -> bool:
    """A sandbox has one spec, the last one asked for; a release's earlier ones may be kept for a rollback."""
    return old.scope == new.scope == Scope.sandbox and old.spec_hash != new.spec_hash
