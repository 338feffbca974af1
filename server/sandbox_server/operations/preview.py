"""Preview: what a release of this deployment would change, and whether it may be made."""

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain.instance import Scope
from sandbox_server.domain.reading import mark
from sandbox_server.domain.release import in_force
from sandbox_server.operations import batches, gates, reviews
from sandbox_server.operations.observe import people_on
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, instances, releases, variables
from sandbox_server.store.tables import Deployment, Instance, Release, Variable
from sandbox_server.wire_review import Preview


async def preview(parts: Parts, caller: Caller, app_name: str, number: int) -> Preview:
    """Raises `NotFound`."""
    said = await reviews.verdicts_of(parts, app_name, number)
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        after = await deployments.get(tx, app, number)
        made = await releases.of_app(tx, app.id or 0)
        current = in_force(made)
        before = await deployments.by_id(tx, current.deployment_id) if current else None
        earlier = await batches.steps(tx, made)
        changed = await unreviewed(tx, parts, after)
        theirs = await _instances(tx, current)
    report = await gates.report(parts, caller, app_name, number)
    return Preview(
        batch=await batches.size(parts, before, after, batches.days(current, parts.clock())),
        usual=await batches.usual(parts, earlier),
        unreviewed=changed,
        sessions=people_on(parts.observed, theirs),
        gates=report,
        verdicts=said,
        mark=mark(report.missing, report.proposal, changed),
    )


async def mark_now(parts: Parts, caller: Caller, app_name: str, number: int) -> str:
    """As in the preview, at little cost. Raises `NotFound`."""
    report = await gates.report(parts, caller, app_name, number)
    async with parts.store.read() as tx:
        row = await deployments.get(tx, await apps.get(tx, app_name), number)
        return mark(report.missing, report.proposal, await unreviewed(tx, parts, row))


async def unreviewed(tx: AsyncSession, parts: Parts, row: Deployment) -> list[str]:
    """Names of variables that users get: whoever accepted last did so before these were changed."""
    given = [one.variables_at for one in await gates.accepted(tx, parts, row)]

    def since(variable: Variable) -> bool:
        return (variable.id or 0) > max(given) if given else variable.created_at > row.created_at

    return await variables.changed(tx, row.app_id, Scope.release, since)


async def _instances(tx: AsyncSession, current: Release | None) -> list[Instance]:
    """Those that have the users of the release in force."""
    if current is None:
        return []
    live = await instances.live(tx, current.deployment_id)
    return [row for row in live if row.scope == Scope.release and row.spec_hash == current.spec_hash]
