"""Make the proxy do what the rows say: files first, then the running proxy, then read back."""

from anyio import to_thread
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.edge import Edge, changes
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.release import in_force
from sandbox_server.domain.routing import Lease, Place, ReleasedSpec, wanted_edge
from sandbox_server.errors import RouterUnavailable
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, instances, releases
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import App, Branch, Deployment, Instance
from sandbox_server.wire import Status


async def apply(parts: Parts) -> None:
    """May be called at any time by anybody; nothing happens if nothing differs. Raises `RouterUnavailable`."""
    async with parts.edge_lock:
        edge = await wanted(parts)
        if parts.written != edge:
            await parts.router.write(edge)
            parts.written = edge
        failpoint("edge.written")
        await _execute(parts, edge)


async def wanted(parts: Parts) -> Edge:
    """What the database intends."""
    async with parts.store.read() as tx:
        places, leases = await _places(tx), await _leases(tx)
    return await to_thread.run_sync(wanted_edge, places, leases, parts.settings.apps_domain)


async def _execute(parts: Parts, edge: Edge) -> None:
    for _ in range(3):
        steps = changes(await parts.router.read(), edge)
        if not steps:
            return
        await parts.router.execute(steps)
    if steps := changes(await parts.router.read(), edge):
        raise RouterUnavailable(f"The edge did not take {len(steps)} changes, the first of them {steps[0]}.")


async def _places(tx: AsyncSession) -> list[Place]:
    made = await releases.all_releases(tx)
    branches: dict[int, list[Branch]] = {}
    for branch in await apps.branches(tx):
        branches.setdefault(branch.app_id, []).append(branch)
    numbers: dict[int, dict[int, int]] = {}
    query = select(Deployment.app_id, Deployment.id, Deployment.number).where(
        col(Deployment.status) != Status.retired
    )
    for app_id, deployment_id, number in await tx.exec(query):
        numbers.setdefault(app_id, {})[deployment_id or 0] = number
    places = []
    for app in await apps.all_apps(tx):
        assert app.id is not None
        known = numbers.get(app.id, {})
        release = in_force(made.get(app.id, []))
        places.append(
            Place(
                app=app.name,
                release=ReleasedSpec(known.get(release.deployment_id, 0), release.spec_hash)
                if release
                else None,
                branches={
                    branch.label: known.get(branch.current_id or 0) for branch in branches.get(app.id, [])
                },
                deployments=sorted(known.values()),
                released=frozenset(
                    ReleasedSpec(known.get(row.deployment_id, 0), row.spec_hash) for row in made.get(app.id, [])
                ),
            )
        )
    return places


async def _leases(tx: AsyncSession) -> list[Lease]:
    # Removed ones too: whoever is still on an instance may finish.
    names = {app.id: app.name for app in await tx.exec(select(App))}
    labels = {branch.id: branch.label for branch in await tx.exec(select(Branch))}
    leases = []
    for row in await instances.live(tx):
        deployment = await tx.get_one(Deployment, row.deployment_id)
        if row.app_id in names and row.state != InstanceState.stopping:
            leases.append(_lease(row, names[row.app_id], labels[deployment.branch_id], deployment.number))
    return leases


def _lease(row: Instance, app: str, branch_label: str, number: int) -> Lease:
    assert row.slot is not None
    assert row.server is not None
    assert row.address is not None
    return Lease(
        app=app, branch_label=branch_label, deployment=number, scope=Scope(row.scope), spec_hash=row.spec_hash,
        slot=row.slot, server=row.server, address=row.address, worker=row.worker,
        state=InstanceState(row.state), visited=row.visited, visit_pin=row.visit_pin,
    )  # fmt: skip
