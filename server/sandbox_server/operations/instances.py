"""Instances: as many as each run needs. More come before users notice, and what is too many drains."""

from collections.abc import Sequence

from sandbox_server.domain.instance import InstanceState, Leaving, Scope
from sandbox_server.domain.keeping import Run, too_many, wanted_count
from sandbox_server.errors import Full
from sandbox_server.operations import crash, start
from sandbox_server.operations.observe import memory_of, sessions_of
from sandbox_server.operations.parts import Observed, Parts
from sandbox_server.operations.rows import Rows, rows
from sandbox_server.operations.trouble import shown_size
from sandbox_server.store import deployments, instances, jobs, notices
from sandbox_server.store.tables import Deployment, Instance

_NOTICE = "room "
_RESERVE = 0.05
"""Share of the machine's memory that stays free whatever an app asks for."""


async def keep_up(parts: Parts, observed: Observed) -> None:
    """Start what is missing, users first: releases before sandboxes. Drain what has been too many for a while."""
    found = await rows(parts)
    runs = found.runs(parts.settings.keep_previous, parts.clock())
    for run in sorted(runs, key=lambda run: (run.scope is not Scope.release, run.spare, run.deployment)):
        await _keep_up(parts, found, run, observed)
    _forget(parts, found, runs)
    parts.has_looked_for_room = True


async def settle_notices(parts: Parts) -> None:
    """Of what has found room, or needs none any more. After a restart that is first to be seen."""
    if not parts.has_looked_for_room:
        return
    async with parts.store.read() as tx:
        open_ones = [one for one in await notices.open_ones(tx) if one.key.startswith(_NOTICE)]
    for notice in open_ones:
        if (notice.app_id, notice.key) not in parts.cramped:
            async with parts.store.write() as tx:
                await notices.settle(tx, notice.app_id, notice.key, parts.clock())


async def _keep_up(parts: Parts, found: Rows, run: Run, observed: Observed) -> None:
    own, said = found.of(run), found.numbers(run)
    up = [row for row in own if row.state == InstanceState.up]
    coming = sum(row.state == InstanceState.starting for row in own)
    sessions = sessions_of(observed, up)
    many = too_many(least=said.least, each=said.each, sessions=sessions, up=len(up))
    wanted = wanted_count(
        least=said.least, most=said.most, each=said.each, sessions=sessions, up=len(up),
        calm=_calm(parts, run, many=many),
    )  # fmt: skip
    missing = wanted - len(up) - coming
    if missing > 0 and not (found.brings(run) and not up) and await _may_start(parts, found, run, observed):
        for _ in range(missing):
            await _add(parts, run, up)
    elif len(up) > wanted and run.deployment not in found.busy:
        await _shrink(parts, up, len(up) - wanted, observed)
        parts.calm.pop(run, None)
    if missing <= 0:
        parts.cramped.discard(_place(found.deployments[run.deployment], run))


def _calm(parts: Parts, run: Run, *, many: bool) -> bool:
    """Whether it has been one too many for long enough."""
    if not many:
        parts.calm.pop(run, None)
        return False
    return parts.ticks() - parts.calm.setdefault(run, parts.ticks()) >= parts.settings.shrink_after


async def _may_start(parts: Parts, found: Rows, run: Run, observed: Observed) -> bool:
    deployment = found.deployments[run.deployment]
    async with parts.store.read() as tx:
        now = parts.clock()
        loop = await crash.loop_of(tx, deployment, run.scope, now)
    if loop is not None and now < loop.starts_at:
        return False
    return await _has_room(parts, deployment, run, found.of(run), observed)


async def _has_room(
    parts: Parts, deployment: Deployment, run: Run, own: Sequence[Instance], observed: Observed
) -> bool:
    """The first instance is tried in any case; others only if the machine has the memory that their equals use."""
    alive = [row for row in own if row.state in (InstanceState.up, InstanceState.starting)]
    room = await parts.runtime.room()
    if not alive or room is None:
        return True
    limit = start.memory_limit(deployment, run.scope)
    used = max((memory_of(observed, [row]) or 0 for row in alive), default=0)
    if room.free - min(limit, 2 * used or limit) >= _RESERVE * room.total:
        return True
    await _tell_cramped(
        parts, deployment, run,
        f"d{deployment.number} needs another instance ({run.scope} scope), but the machine has only "
        f"{shown_size(room.free)} of memory free.",
    )  # fmt: skip
    return False


async def _add(parts: Parts, run: Run, up: Sequence[Instance]) -> None:
    """One that drains comes back, or else a new one starts, beside those that are up."""
    # A sandbox's equals, not what its variables would make now: those are for its next refresh.
    at = run.variables_at if run.variables_at is not None or not up else up[-1].variables_at
    try:
        async with parts.store.write() as tx:
            deployment = await deployments.by_id(tx, run.deployment)
            row = await start.one_more(parts, tx, deployment, run.scope, at)
            if row.state == InstanceState.starting:
                payload = {
                    "deployment": run.deployment, "scope": run.scope, "variables_at": row.variables_at,
                    "instance": row.id, "kind": "revive",
                }  # fmt: skip
                # A target of its own: it waits for no switch and for no other start.
                await jobs.add(tx, "start", f"instance:{row.id}", payload, by="platform", now=parts.clock())
    except Full as error:
        async with parts.store.read() as tx:
            deployment = await deployments.by_id(tx, run.deployment)
        await _tell_cramped(parts, deployment, run, error.message)


async def _shrink(parts: Parts, up: Sequence[Instance], count: int, observed: Observed) -> None:
    """The emptiest ones drain; of these the oldest, which may have gathered the most memory."""
    order = sorted(up, key=lambda row: (sessions_of(observed, [row]) or 0, row.id))
    async with parts.store.write() as tx:
        for row in order[:count]:
            fresh = await tx.get_one(Instance, row.id)
            await instances.drain(tx, fresh, "platform", parts.clock(), Leaving.surplus)


async def _tell_cramped(parts: Parts, deployment: Deployment, run: Run, words: str) -> None:
    app_id, key = _place(deployment, run)
    if (app_id, key) in parts.cramped:
        return
    parts.cramped.add((app_id, key))
    async with parts.store.write() as tx:
        await notices.open_notice(
            tx, app_id, key, words, parts.clock(),
            hint="Free memory on the server, or lower `memory` or `max` in sandbox.toml.",
        )  # fmt: skip


def _place(deployment: Deployment, run: Run) -> tuple[int, str]:
    """App and key of the notice."""
    return deployment.app_id, f"{_NOTICE}d{deployment.number} {run.scope}"


def _forget(parts: Parts, found: Rows, runs: set[Run]) -> None:
    for run in parts.calm.keys() - runs:
        del parts.calm[run]
    parts.cramped &= {_place(found.deployments[run.deployment], run) for run in runs}
