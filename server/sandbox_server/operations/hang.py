"""Hang: an instance that accepts and never answers gets nobody new, and another one takes over beside it.

It may be R that computes for somebody, so it stays as long as anybody is connected. If it answers again it is as good
as before.
"""

import asyncio
import math
from datetime import timedelta
from ipaddress import IPv4Address

from sandbox_server.domain.instance import InstanceState, Leaving, Scope
from sandbox_server.domain.keeping import Run, may_replace_hung
from sandbox_server.operations import crash, edge, retire
from sandbox_server.operations.observe import sessions_of
from sandbox_server.operations.parts import Heard, Observed, Parts
from sandbox_server.operations.rows import Rows, rows, rows_in
from sandbox_server.store import instances, notices
from sandbox_server.store.tables import App, Deployment, Instance

_NOTICE = "hang "


async def look(parts: Parts) -> None:
    """One look at all that might hang. Raises `RouterUnavailable`."""
    found = await rows(parts)
    suspects = [row for row in found.live if _is_suspect(parts, found, row)]
    answers = await asyncio.gather(*(_answers(parts, row) for row in suspects))
    for row, answered in zip(suspects, answers, strict=True):
        _remember(parts, found, row, answered=answered)
        if answered and row.drains_why == Leaving.hung:
            await _recover(parts, row)
        elif not answered and _has_hung(parts, row):
            await _act(parts, found, row)


async def settle_notices(parts: Parts) -> None:
    """Of instances that answer again or are gone."""
    async with parts.store.read() as tx:
        open_ones = [one for one in await notices.open_ones(tx) if one.key.startswith(_NOTICE)]
        silent = {row.id for row in await instances.live(tx) if _may_be_silent(parts, row)}
    for notice in open_ones:
        if int(notice.key.rpartition(" ")[2]) not in silent:
            async with parts.store.write() as tx:
                await notices.settle(tx, notice.app_id, notice.key, parts.clock())


def silent_for(parts: Parts, row: Instance) -> float:
    """Seconds for which nobody had an answer from it; 0 if it answers."""
    heard = parts.heard.get(row.name)
    return parts.monotonic() - heard.silent_since if heard and heard.silent_since is not None else 0.0


def _is_suspect(parts: Parts, found: Rows, row: Instance) -> bool:
    if row.state == InstanceState.draining and row.drains_why == Leaving.hung:
        return True
    if row.state not in (InstanceState.up, InstanceState.draining):
        return False
    if found.has_runner(row):
        return _has_hung(parts, row)
    # Nobody asks these otherwise, and need not as long as nobody waits for an answer.
    return bool(silent_for(parts, row) or sessions_of(parts.observed, [row]))


async def _answers(parts: Parts, row: Instance) -> bool:
    """Any answer will do: an app of earlier days does not know the runner's questions."""
    return await parts.runtime.probe(row.name, IPv4Address(row.address or "")) is not None


def _remember(parts: Parts, found: Rows, row: Instance, *, answered: bool) -> None:
    heard = parts.heard.setdefault(row.name, Heard())
    if answered:
        heard.silent_since = None
    elif heard.silent_since is None and not found.has_runner(row):
        heard.silent_since = parts.monotonic()


def _has_hung(parts: Parts, row: Instance) -> bool:
    return silent_for(parts, row) >= parts.settings.hang_after


def _may_be_silent(parts: Parts, row: Instance) -> bool:
    """Whether what was said of it still holds; after a restart that is first to be seen."""
    if row.state != InstanceState.draining:
        return False
    heard = parts.heard.get(row.name)
    return row.drains_why == Leaving.hung or heard is None or heard.silent_since is not None


async def _act(parts: Parts, found: Rows, row: Instance) -> None:
    if row.state == InstanceState.up:
        await _give_way(parts, row)
    elif row.drains_why == Leaving.hung:
        await _end(parts, row)
    elif row.drain_until is None and math.isinf(retire.deadline(parts, found, row)):
        await _tell_it_stays(parts, row)


async def _tell_it_stays(parts: Parts, row: Instance) -> None:
    """Somebody may be on it, so it cuts nobody; without an answer it would drain for ever."""
    async with parts.store.write() as tx:
        app, deployment = await tx.get_one(App, row.app_id), await tx.get_one(Deployment, row.deployment_id)
        name = f"d{deployment.number}"
        await notices.open_notice(
            tx, row.app_id, f"{_NOTICE}{name} {row.id}",
            f"An instance of {name} drains ({row.scope} scope) and has not answered for "
            f"{silent_for(parts, row):.0f} s. Its app lets people stay, so it goes only when it answers.",
            parts.clock(),
            hint=f"If nobody needs it: `sandbox drain {name} --app {app.name} --scope {row.scope} --now`.",
        )  # fmt: skip


async def _give_way(parts: Parts, row: Instance) -> None:
    """Unless so many do already that another one would not help."""
    async with parts.store.write() as tx:
        found = await rows_in(tx)
        run = _run(parts, found, row)
        fresh = await tx.get_one(Instance, row.id)
        if run is None or fresh.state != InstanceState.up:
            return
        alike = [other for other in found.of(run) if _counts(other)]
        if not may_replace_hung(live=len(alike), most=found.numbers(run).most):
            return
        await instances.drain(tx, fresh, "platform", parts.clock(), Leaving.hung)
        if row.scope == Scope.release:
            app, deployment = (
                await tx.get_one(App, row.app_id),
                await tx.get_one(Deployment, row.deployment_id),
            )
            await notices.open_notice(
                tx, row.app_id, f"{_NOTICE}d{deployment.number} {row.id}",
                f"An instance of d{deployment.number} has not answered for {silent_for(parts, row):.0f} s. "
                "Another one has its place; whoever is on it may stay.",
                parts.clock(), hint=f"See where it stands: `sandbox logs d{deployment.number} --app {app.name}`.",
            )  # fmt: skip
    await edge.apply(parts)
    parts.deaths.ring()


def _counts(row: Instance) -> bool:
    up = row.state in (InstanceState.up, InstanceState.starting)
    return up or (row.state == InstanceState.draining and row.drains_why == Leaving.hung)


async def _recover(parts: Parts, row: Instance) -> None:
    """It answers again: new page loads, if they still come to its like."""
    async with parts.store.write() as tx:
        found = await rows_in(tx)
        fresh = await tx.get_one(Instance, row.id)
        if fresh.state == InstanceState.draining and fresh.drain_until is None and fresh.move_at is None:
            fresh.drains_why = Leaving.unneeded
            tx.add(fresh)
            if _run(parts, found, fresh) is not None:
                await instances.bring_back(tx, fresh, parts.clock())
    await edge.apply(parts)


async def _end(parts: Parts, row: Instance) -> None:
    """Nobody is on it any more, and it was given as long again."""
    assert row.drains_since is not None
    patience = parts.settings.hang_after
    until = row.drains_since + timedelta(seconds=patience)
    if not parts.stopwatch.is_over(("hung", row.id), until, parts.clock(), parts.ticks(), span=patience):
        return
    counted = Observed(sessions=await parts.router.sessions())
    if sessions_of(counted, [row]) == 0:
        await crash.end(parts, row, "It does not answer.")
        parts.deaths.ring()


def _run(parts: Parts, found: Rows, row: Instance) -> Run | None:
    """The one for which it is needed."""
    runs = found.runs(parts.settings.keep_previous, parts.clock())
    return next((run for run in runs if any(other.id == row.id for other in found.of(run))), None)
