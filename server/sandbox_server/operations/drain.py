"""Drain: somebody ends a deployment's instances although people are on them, as for a security fix.

Nobody new comes to them, whoever is there is told in the page, and at the deadline they end. What users would come back
to is refused: first the traffic goes elsewhere.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain.durations import in_words, seconds_of
from sandbox_server.domain.instance import InstanceState, Leaving, Scope
from sandbox_server.domain.release import candidate
from sandbox_server.errors import BadRequest, NotPossible
from sandbox_server.operations import edge, retire
from sandbox_server.operations.observe import people_on
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.rows import Rows, rows_in
from sandbox_server.store import apps, deployments, events, instances
from sandbox_server.store.tables import App, Branch, Deployment, Instance
from sandbox_server.wire import Status
from sandbox_server.wire_sessions import Draining, DrainRequest

_WHY = {
    Leaving.asked: "somebody wants its end",
    Leaving.hung: "does not answer",
    Leaving.unneeded: "a newer one is there",
    Leaving.surplus: "fewer are enough",
    Leaving.replaced: "a fresh one has its place",
}
_ALIVE = (InstanceState.up, InstanceState.draining)


async def draining(parts: Parts, app_name: str | None = None) -> list[Draining]:
    """Who drains, of one app or of all, with sessions as last seen; oldest first. Raises `NotFound`."""
    async with parts.store.read() as tx:
        only = await apps.get(tx, app_name) if app_name is not None else None
        found = await rows_in(tx)
        leaving = [
            row
            for row in found.live
            if row.state == InstanceState.draining and (only is None or row.app_id == only.id)
        ]
        named = {row.app_id: (await tx.get_one(App, row.app_id)).name for row in leaving}
    return [_shown(parts, found, row, named[row.app_id]) for row in leaving]


async def request_drain(
    parts: Parts, caller: Caller, app_name: str, number: int, request: DrainRequest
) -> list[Draining]:
    """What drains of it from now on. Raises `NotPossible`, `BadRequest`, `NotFound`; then nothing changes."""
    now = parts.clock()
    until = _until(request, now)
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        deployment = await deployments.get(tx, app, number)
        found = await rows_in(tx)
        chosen = await _chosen(parts, tx, found, app, deployment, request)
        for row in chosen:
            await instances.drain(tx, row, caller.user, now, Leaving.asked)
            row.drains_why, row.drain_until = Leaving.asked, until
            tx.add(row)
        await _remember(tx, deployment, chosen, Leaving.asked)
        if deployment.status == Status.ready and any(row.scope == Scope.sandbox for row in chosen):
            await deployments.move(
                tx, deployment, Status.asleep, at=now, by=caller.user, app=app.name,
                reason=request.reason or "its instances were to end",
            )  # fmt: skip
        await events.record(
            tx, at=now, by=caller.user, action="deployment.drained", app=app.name, subject=f"d{number}",
            old=" and ".join(sorted({row.scope for row in chosen})), new=_when(request),
            reason=request.reason,
        )  # fmt: skip
    await edge.apply(parts)
    return await _of(parts, app_name, number)


async def cancel_drain(
    parts: Parts, caller: Caller, app_name: str, number: int, request: DrainRequest
) -> list[Draining]:
    """Nobody is cut after all: from now on they drain as after a release. Raises as above."""
    if request.deadline or request.now:
        raise BadRequest("To cancel a drain takes no deadline.", "Give `--cancel` alone.")
    now = parts.clock()
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        deployment = await deployments.get(tx, app, number)
        asked = [
            row
            for row in await instances.live(tx, deployment.id)
            if row.drains_why == Leaving.asked and row.state == InstanceState.draining
            if request.scope in (None, row.scope)
        ]
        if not asked:
            raise NotPossible(f"Nobody asked for the end of d{number}.", "See who drains: `sandbox status`.")
        for row in asked:
            row.drains_why, row.drain_until = Leaving.unneeded, None
            tx.add(row)
        await _remember(tx, deployment, asked, Leaving.unneeded)
        await events.record(
            tx, at=now, by=caller.user, action="deployment.drain_cancelled", app=app.name,
            subject=f"d{number}", reason=request.reason,
        )  # fmt: skip
    return await _of(parts, app_name, number)


def _until(request: DrainRequest, now: datetime) -> datetime | None:
    if request.now and request.deadline:
        raise BadRequest("Give a deadline or `now`, not both.", "Such as `sandbox drain d39 --deadline 30m`.")
    if not request.deadline:
        return now if request.now else None
    try:
        return now + timedelta(seconds=seconds_of(request.deadline))
    except (ValueError, OverflowError) as error:
        raise BadRequest(f"The deadline is wrong: {error}.", "Such as `--deadline 30m`.") from error


def _when(request: DrainRequest) -> str:
    if request.now:
        return "at once"
    return f"in {in_words(seconds_of(request.deadline))}" if request.deadline else "with its last session"


async def _chosen(
    parts: Parts, tx: AsyncSession, found: Rows, app: App, deployment: Deployment, request: DrainRequest
) -> list[Instance]:
    """Of what lives of it, all that nobody would come back to."""
    own = [
        row
        for row in found.live
        if row.deployment_id == deployment.id and row.state in _ALIVE and request.scope in (None, row.scope)
    ]
    shown_by = await _shown_by(tx, deployment)
    standing = {
        row.id
        for run in found.runs(parts.settings.keep_previous, parts.clock())
        if run.scope is Scope.release and not run.spare
        for row in found.of(run)
    }
    chosen = [row for row in own if row.id not in standing and not (shown_by and row.scope == Scope.sandbox)]
    if chosen:
        return chosen
    name = f"d{deployment.number}"
    tried = candidate(found.releases.get(app.id or 0, []))
    if tried is not None and tried.deployment_id == deployment.id:
        raise NotPossible(
            f"{name} is a candidate: a share of the visitors would come back to it.",
            f"First take its share back: `sandbox promote {name} --percent 0 --app {app.name}`.",
        )
    if any(row.id in standing for row in own):
        raise NotPossible(
            f"{name} is released: users would come back to it.",
            f"First give them another one: `sandbox rollback --app {app.name}` "
            f"or `sandbox promote DEPLOYMENT --app {app.name}`.",
        )
    if own:
        raise NotPossible(
            f"{name} is what branch {shown_by} shows: people would come back to it.",
            f"Push another one: `sandbox deploy`. Or end it: `sandbox rm --branch {shown_by} --app {app.name}`.",
        )
    raise NotPossible(
        f"Nothing of {name} runs{f' in the {request.scope} scope' if request.scope else ''}, "
        "so nobody is on it.",
        f"See what does: `sandbox status --app {app.name}`.",
    )


async def _remember(
    tx: AsyncSession, deployment: Deployment, chosen: Sequence[Instance], why: Leaving
) -> None:
    """In the newest row of each spec, even if that has ended: `instances.withdrawn` looks there."""
    for scope, spec_hash in {(row.scope, row.spec_hash) for row in chosen}:
        alike = [
            row for row in await instances.newest(tx, deployment.id or 0, scope) if row.spec_hash == spec_hash
        ]
        for row in alike[:1]:
            row.drains_why = why
            tx.add(row)


async def _shown_by(tx: AsyncSession, deployment: Deployment) -> str:
    """The branch whose URL shows it, if one does."""
    branch = await tx.get_one(Branch, deployment.branch_id)
    shown = branch.current_id == deployment.id and branch.removed_at is None
    return branch.name if shown and deployment.status == Status.ready else ""


async def _of(parts: Parts, app_name: str, number: int) -> list[Draining]:
    parts.deaths.ring()
    return [row for row in await draining(parts, app_name) if row.deployment == number]


def _shown(parts: Parts, found: Rows, row: Instance, app: str) -> Draining:
    assert row.drains_since is not None
    patience = retire.deadline(parts, found, row)
    ordinary = None if patience == float("inf") else row.drains_since + timedelta(seconds=patience)
    ends = [at for at in (row.drain_until, ordinary) if at is not None]
    return Draining(
        app=app,
        deployment=found.deployments[row.deployment_id].number,
        scope=Scope(row.scope).value,
        instance=row.name,
        sessions=_sessions(parts, row),
        since=row.drains_since,
        until=min(ends, default=None),
        asked=row.drains_why == Leaving.asked,
        why=_WHY[Leaving(row.drains_why)],
        moves_at=row.move_at,
    )


def _sessions(parts: Parts, row: Instance) -> int | None:
    people = people_on(parts.observed, [row])
    heard = parts.heard.get(row.name)
    if people is None or heard is None or heard.report is None or heard.silent_since is not None:
        return people
    return max(people, heard.report.sessions)
