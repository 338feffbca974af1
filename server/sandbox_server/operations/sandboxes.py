"""Sandboxes: all branches' places at once, who of them sleeps, and what each costs in memory."""

from collections import defaultdict

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import names
from sandbox_server.domain.lifetime import removal_words
from sandbox_server.operations.expire import spans_of
from sandbox_server.operations.observe import memory_of, people_on
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, instances
from sandbox_server.store.tables import App, Branch, Deployment, Instance
from sandbox_server.wire_sessions import Sandbox


async def list_sandboxes(parts: Parts, app_name: str | None = None) -> list[Sandbox]:
    """Of one app or of all: those that cost most first, then those used last. Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name) if app_name else None
        found = [row for row in await _shown(tx) if app is None or row[0].id == app.id]
        live: dict[int, list[Instance]] = defaultdict(list)
        for row in await instances.live(tx):
            live[row.deployment_id].append(row)
        of_branch = await _deployments_of(tx, live)
    shown = [
        _sandbox(parts, *row, [one for id_ in of_branch[row[1].id or 0] for one in live[id_]])
        for row in found
    ]
    return sorted(shown, key=lambda one: (one.memory or 0, one.used_at), reverse=True)


async def _shown(tx: AsyncSession) -> list[tuple[App, Branch, Deployment]]:
    """Of each branch what its URL shows, else its newest."""
    newest = (
        select(func.max(Deployment.id))
        .where(Deployment.branch_id == Branch.id)
        .correlate(Branch)
        .scalar_subquery()
    )
    query = (
        select(App, Branch, Deployment)
        .join(Branch, col(Branch.app_id) == col(App.id))
        .join(Deployment, col(Deployment.id) == func.coalesce(Branch.current_id, newest))
        .where(col(App.removed_at).is_(None), col(Branch.removed_at).is_(None))
    )
    return list(await tx.exec(query))


async def _deployments_of(tx: AsyncSession, live: dict[int, list[Instance]]) -> dict[int, list[int]]:
    """Ids of those that have instances, by branch."""
    found: dict[int, list[int]] = defaultdict(list)
    query = select(Deployment.branch_id, Deployment.id).where(col(Deployment.id).in_(list(live)))
    for branch, deployment in await tx.exec(query):
        found[branch].append(deployment or 0)
    return found


def _sandbox(parts: Parts, app: App, branch: Branch, shown: Deployment, live: list[Instance]) -> Sandbox:
    known = (branch.touched_at, shown.created_at, shown.used_at)
    own = [row for row in live if row.scope == "sandbox"]
    return Sandbox(
        app=app.name,
        branch=branch.name,
        deployment=shown.number,
        status=shown.status,
        url=parts.base_url(names.sandbox_host(app.name, branch.label, parts.settings.apps_domain)),
        sessions=people_on(parts.observed, own),
        memory=memory_of(parts.observed, own),
        used_at=max(at for at in known if at),
        removal=removal_words(branch, spans_of(parts), parts.clock()),
    )
