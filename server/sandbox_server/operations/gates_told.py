"""What is told of an app's gates beside what is in force: what its branches propose, and what held before."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlmodel import col, select

from sandbox_server.domain import config, gates
from sandbox_server.domain.gate_words import changes
from sandbox_server.domain.gates import GatesConfig
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps
from sandbox_server.store import gates as rows
from sandbox_server.store.tables import Deployment


@dataclass(frozen=True)
class Proposal:
    """A branch's newest working bundle would change the gates, once it is released."""

    branch: str
    deployment: int
    changes: list[str]


@dataclass(frozen=True)
class Change:
    """What changed when a row of gates came."""

    at: datetime
    by: str
    deployment: int | None
    """Whose bundle proposed it; None if a person set it."""
    release: int | None
    """With which it was adopted."""
    reason: str
    changes: list[str]


async def proposals(parts: Parts, app_name: str) -> list[Proposal]:
    """By branch; those that would change nothing are left out. Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        now = await rows.in_force(tx, app.id or 0)
        shown = {row.current_id: row.name for row in await apps.branches(tx, app.id)}
        query = select(Deployment.id, Deployment.number, Deployment.config).where(
            col(Deployment.id).in_(list(shown))
        )
        found = [(shown[id], number, config.stored(said).gates) for id, number, said in await tx.exec(query)]
    made = [Proposal(branch, number, changes(now, wanted)) for branch, number, wanted in found if wanted]
    return sorted((one for one in made if one.changes), key=lambda one: one.branch)


async def history(parts: Parts, app_name: str, limit: int = 20) -> list[Change]:
    """Newest first. Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        made = await rows.recent(tx, app.id or 0, limit + 1)
        ids = {row.deployment_id for row in made}
        query = select(Deployment.id, Deployment.number).where(col(Deployment.id).in_(ids))
        numbers = dict((await tx.exec(query)).all())
    was = [*(gates.stored(row.gates) for row in made), GatesConfig()]
    return [
        Change(
            at=row.created_at, by=row.by, deployment=numbers.get(row.deployment_id), release=row.release,
            reason=row.reason, changes=changes(before, after),
        )
        for row, (after, before) in zip(made, pairwise(was), strict=True)
    ][:limit]  # fmt: skip
