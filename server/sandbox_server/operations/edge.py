"""Make the proxy do what the rows say: files first, then the running proxy, then read back."""

from anyio import to_thread
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.edge import Edge, changes
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.routing import Lease, Place, ReleasedSpec, wanted_edge
from sandbox_server.errors import RouterUnavailable
from sandbox_server.operations.parts import Parts
from sandbox_server.store import releases
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
        before, parts.applied = parts.applied, None
        if before is not None:
            # Users wait for this; what the proxy may have lost meanwhile is found by reading it back.
            await parts.router.execute(changes(before, edge))
        await _execute(parts, edge)
        parts.applied = edge


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
    # Columns only: this is on the way of every switch, and rows as objects take ten times as long.
    made = await releases.specs(tx)
    branches: dict[int, list[tuple[str, int | None]]] = {}
    shown = select(Branch.app_id, Branch.label, Branch.current_id).where(col(Branch.removed_at).is_(None))
    for app_id, branch_label, current in await tx.exec(shown):
        branches.setdefault(app_id, []).append((branch_label, current))
    numbers: dict[int, dict[int, int]] = {}
    retired: set[int] = set()
    query = select(Deployment.app_id, Deployment.id, Deployment.number, Deployment.status)
    for app_id, deployment_id, number, status in await tx.exec(query):
        numbers.setdefault(app_id, {})[deployment_id or 0] = number
        if status == Status.retired:
            retired.add(deployment_id or 0)
    named = select(App.id, App.name).where(col(App.removed_at).is_(None))
    return [
        _place(
            name,
            numbers.get(app_id or 0, {}),
            retired,
            made.get(app_id or 0, []),
            branches.get(app_id or 0, []),
        )
        for app_id, name in await tx.exec(named)
    ]


def _place(
    app: str,
    numbers: dict[int, int],
    retired: set[int],
    made: list[tuple[int, str]],
    branches: list[tuple[str, int | None]],
) -> Place:
    """`numbers` are by the row's id, `made` is newest first. A release keeps its route if its branch was removed."""
    released = [ReleasedSpec(numbers.get(deployment, 0), spec_hash) for deployment, spec_hash in made]
    return Place(
        app=app,
        release=released[0] if released else None,
        branches={branch_label: numbers.get(current or 0) for branch_label, current in branches},
        deployments=sorted(number for row, number in numbers.items() if row not in retired),
        released=frozenset(released),
    )


async def _leases(tx: AsyncSession) -> list[Lease]:
    # Removed ones too: whoever is still on an instance may finish.
    query = (
        select(Instance, App.name, Branch.label, Deployment.number)
        .join(App, col(App.id) == col(Instance.app_id))
        .join(Deployment, col(Deployment.id) == col(Instance.deployment_id))
        .join(Branch, col(Branch.id) == col(Deployment.branch_id))
        .where(col(Instance.state).not_in((InstanceState.ended, InstanceState.stopping)))
        .order_by(col(Instance.id))
    )
    return [_lease(*found) for found in await tx.exec(query)]


def _lease(row: Instance, app: str, branch_label: str, number: int) -> Lease:
    assert row.slot is not None
    assert row.server is not None
    assert row.address is not None
    return Lease(
        app=app, branch_label=branch_label, deployment=number, scope=Scope(row.scope), spec_hash=row.spec_hash,
        slot=row.slot, server=row.server, address=row.address, worker=row.worker,
        state=InstanceState(row.state), visited=row.visited, visit_pin=row.visit_pin,
    )  # fmt: skip
