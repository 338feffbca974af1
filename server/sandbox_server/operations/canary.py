"""Canary: the rows by which a candidate, whose instances run already, gets more of the visitors or gives them back."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth.callers import PLATFORM
from sandbox_server.domain.canary import Wish
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.release import ALL, candidate, newest
from sandbox_server.errors import StateChanged
from sandbox_server.operations import proposals
from sandbox_server.store import deployments, instances, releases
from sandbox_server.store.tables import App, Release


async def move_on(
    tx: AsyncSession,
    app: App,
    wish: Wish,
    *,
    reason: str,
    now: datetime,
    by: str = PLATFORM.user,
    job_id: int | None = None,
) -> Release:
    """One more row of the candidate, with the share that is wished. Raises `StateChanged` if there is none."""
    made = await releases.of_app(tx, app.id or 0)
    row, last = candidate(made), newest(made)
    if row is None or last is None:
        raise StateChanged(f"{app.name} has no candidate any more.")
    deployment = await deployments.by_id(tx, row.deployment_id)
    moved = await releases.add(
        tx, app, deployment, seen=last.number, spec_hash=row.spec_hash,
        variables_at=row.variables_at, kind="promote" if wish.share else "abort", by=by, reason=reason, now=now,
        job_id=job_id, smoke=row.smoke, output_id=row.output_id, share=wish.share, plan=wish.plan,
        override=row.override if wish.share else (),
    )  # fmt: skip
    if wish.share == ALL:
        await proposals.adopt(tx, app, deployment, moved, asked_at=_asked_at(made, row))
    return moved


async def is_up(tx: AsyncSession, row: Release) -> bool:
    """Whether an instance of this release would answer the visitors that it gets."""
    return any(
        one.state == InstanceState.up
        and one.visited
        and one.scope == Scope.release
        and one.spec_hash == row.spec_hash
        for one in await instances.live(tx, row.deployment_id)
    )


def _asked_at(made: Sequence[Release], row: Release) -> datetime:
    """When a person last gave the candidate a share; the rows between are steps of its plan."""
    return max((one.created_at for one in made if one.job_id is not None), default=row.created_at)
