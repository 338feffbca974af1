"""Make the proxy do what the rows say: files first, then the running proxy, then read back."""

from anyio import to_thread
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import config
from sandbox_server.domain.edge import Edge, Server, changes
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.kind import Kind
from sandbox_server.domain.release import ALL
from sandbox_server.domain.routing import Candidate, Lease, Place, ReleasedSpec, wanted_edge
from sandbox_server.domain.running import Numbers, numbers
from sandbox_server.errors import RouterUnavailable
from sandbox_server.operations.observe import sessions_of
from sandbox_server.operations.parts import Observed, Parts
from sandbox_server.store import releases
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import App, Branch, Deployment, Instance
from sandbox_server.wire import Status

_READ_BACK_EVERY = 60.0
"""Seconds, while nothing changes."""
_WITH_SESSIONS = [kind for kind in Kind if kind.serves == "session"]


async def apply(parts: Parts) -> None:
    """May be called at any time by anybody; nothing happens if nothing differs. Raises `RouterUnavailable`."""
    async with parts.edge_lock:
        edge = await wanted(parts)
        if _is_done(parts, edge):
            return
        if parts.written != edge:
            await parts.router.write(edge)
            parts.written = edge
        failpoint("edge.written")
        before, parts.applied = parts.applied, None
        if before is not None:
            # Users wait for this; what the proxy may have lost meanwhile is found by reading it back.
            await parts.router.execute(changes(before, edge))
        await _execute(parts, edge)
        parts.applied, parts.read_back = edge, parts.ticks()


async def wanted(parts: Parts) -> Edge:
    """What the database intends. The same as before, if nothing was written since: there may be thousands of hosts."""
    known, commits = parts.intended, parts.store.commits
    same = known is not None and known[0] == commits
    async with parts.store.read() as tx:
        places = known[1] if known is not None and same else await _places(tx)
        leases = await _leases(tx, parts.observed)
    if known is not None and same and known[2] == leases:
        return known[3]
    edge = await to_thread.run_sync(wanted_edge, places, leases, parts.settings.apps_domain)
    parts.intended = (commits, places, leases, edge)
    return edge


def _is_done(parts: Parts, edge: Edge) -> bool:
    """It was read back a moment ago, and the proxy that did so answers still."""
    return (
        parts.applied is not None
        and parts.applied is parts.written
        and parts.applied == edge
        and parts.observed.sessions is not None
        and parts.ticks() - parts.read_back < _READ_BACK_EVERY
    )


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
    pushed: dict[int, dict[int, int]] = {}
    retired: set[int] = set()
    query = select(Deployment.app_id, Deployment.id, Deployment.number, Deployment.status)
    for app_id, deployment_id, number, status in await tx.exec(query):
        pushed.setdefault(app_id, {})[deployment_id or 0] = number
        if status == Status.retired:
            retired.add(deployment_id or 0)
    apis = set(await tx.exec(select(Deployment.id).where(Deployment.kind == Kind.plumber)))
    named = select(App.id, App.name).where(col(App.removed_at).is_(None))
    return [
        _place(
            name,
            pushed.get(app_id or 0, {}),
            retired,
            apis,
            made.get(app_id or 0, []),
            branches.get(app_id or 0, []),
        )
        for app_id, name in await tx.exec(named)
    ]


def _place(
    app: str,
    pushed: dict[int, int],
    retired: set[int],
    apis: set[int | None],
    made: list[releases.Made],
    branches: list[tuple[str, int | None]],
) -> Place:
    """`pushed` are numbers by the row's id, `made` is newest first. A release keeps its route if its branch goes."""
    specs = [ReleasedSpec(pushed.get(release.deployment_id, 0), release.spec_hash) for release in made]
    full = [spec for spec, release in zip(specs, made, strict=True) if release.share == ALL]
    return Place(
        app=app,
        release=full[0] if full else None,
        branches={branch_label: pushed.get(current or 0) for branch_label, current in branches},
        deployments=sorted(number for row, number in pushed.items() if row not in retired),
        released=frozenset(specs),
        # Only the newest row can be one.
        candidate=Candidate(specs[0], made[0].share, each=made[0].deployment_id in apis)
        if made and 0 < made[0].share < ALL
        else None,
    )


async def _leases(tx: AsyncSession, observed: Observed) -> list[Lease]:
    # Removed ones too: whoever is still on an instance may finish.
    query = (
        select(Instance, App.name, Branch.label, Deployment.number)
        .join(App, col(App.id) == col(Instance.app_id))
        .join(Deployment, col(Deployment.id) == col(Instance.deployment_id))
        .join(Branch, col(Branch.id) == col(Deployment.branch_id))
        .where(col(Instance.state).not_in((InstanceState.ended, InstanceState.stopping)))
        .order_by(col(Instance.id))
    )
    found = [*await tx.exec(query)]
    room = await _room(tx, {row.deployment_id for row, *_ in found})
    return [
        _lease(row, app, branch_label, number, room.get((row.deployment_id, row.scope)), observed)
        for row, app, branch_label, number in found
    ]


def _lease(
    row: Instance, app: str, branch_label: str, number: int, room: Numbers | None, observed: Observed
) -> Lease:
    assert row.slot is not None
    assert row.server is not None
    assert row.address is not None
    return Lease(
        app=app, branch_label=branch_label, deployment=number, scope=Scope(row.scope), spec_hash=row.spec_hash,
        slot=row.slot, server=row.server, address=row.address, worker=row.worker,
        state=InstanceState(row.state), visited=row.visited, visit_pin=row.visit_pin,
        each=room.each if room else None, most=room.most if room else 1,
        held=_held(row, observed) if room else 0,
    )  # fmt: skip


def _held(row: Instance, observed: Observed) -> int:
    """The edge counts who is on a draining instance, and does not count who is in an earlier process of its own."""
    draining = (sessions_of(observed, [row]) or 0) if row.state == InstanceState.draining else 0
    return draining - observed.left_over.get(Server(f"slot{row.slot}", row.server or 0), 0)


async def _room(tx: AsyncSession, deployments: set[int]) -> dict[tuple[int, str], Numbers]:
    """By deployment and scope, for those whose visitors wait when all places are taken."""
    query = select(Deployment.id, Deployment.config).where(
        col(Deployment.id).in_(deployments), col(Deployment.kind).in_(_WITH_SESSIONS)
    )
    found: dict[tuple[int, str], Numbers] = {}
    for deployment_id, said in await tx.exec(query):
        tables = said.get("instances") or {}
        # Few ask for that, and to read a whole sandbox.toml takes its time.
        if not any(table.get("sessions_per_instance") for table in (tables, tables.get("sandbox") or {})):
            continue
        for scope in Scope:
            asked = numbers(config.instances(config.stored(said), scope))
            if asked.waits:
                found[deployment_id or 0, scope] = asked
    return found
