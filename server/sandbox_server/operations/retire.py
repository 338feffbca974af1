"""Retire: an instance goes, in an order in which a kill does no harm.

Out of the edge, stopped, its log saved, removed, and only then its lease is given back.
"""

import asyncio
import math
from datetime import datetime, timedelta
from ipaddress import IPv4Address

from anyio import to_thread

from sandbox_server.domain.instance import InstanceState
from sandbox_server.domain.keeping import may_retire
from sandbox_server.domain.kind import Kind
from sandbox_server.operations import edge, listen
from sandbox_server.operations.observe import observe, sessions_of
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.rows import Rows, rows
from sandbox_server.store import instances
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.logs import last_time
from sandbox_server.store.tables import App, Deployment, Instance
from sandbox_server.wire import LogLine

_AT_ONCE = 4
_LONGEST = 10 * 366 * 86400.0


async def clear(parts: Parts) -> None:
    """End what is `stopping`, and what has drained: with its last session, or when its time is over."""
    found = await rows(parts)
    observed = parts.observed
    draining = [row for row in found.live if row.state == InstanceState.draining]
    parts.stopwatch.forget_all_but({(what, row.id) for what in _TIMES for row in draining})
    leaving = [row for row in draining if may_leave(parts, found, row, sessions_of(observed, [row]))]
    places = asyncio.Semaphore(_AT_ONCE)

    async def end(row: Instance) -> None:
        async with places:
            if row.state == InstanceState.stopping or await _leaves(parts, found, row):
                await retire(parts, row)

    stopping = [row for row in found.live if row.state == InstanceState.stopping]
    await asyncio.gather(*map(end, [*stopping, *leaving]))


def may_leave(parts: Parts, found: Rows, row: Instance, sessions: int | None) -> bool:
    """Whether a draining instance may go with that many sessions; None: not known."""
    assert row.drains_since is not None
    now, ticks, settle = parts.clock(), parts.ticks(), parts.settings.settle
    settled_at = row.drains_since + timedelta(seconds=settle)
    asked = row.drain_until is not None and parts.stopwatch.is_over(
        ("asked", row.id), row.drain_until, now, ticks
    )
    patience = deadline(parts, found, row)
    overdue = math.isfinite(patience) and parts.stopwatch.is_over(
        ("deadline", row.id), row.drains_since + timedelta(seconds=patience), now, ticks, span=patience
    )
    return may_retire(
        sessions=sessions,
        settled=parts.stopwatch.is_over(("settle", row.id), settled_at, now, ticks, span=settle),
        overdue=asked or overdue,
        asked=asked,
    )


def deadline(parts: Parts, found: Rows, row: Instance) -> float:
    """Seconds for which this app lets people stay on what drains; infinite for "never"."""
    said = found.config(row.deployment_id).drain
    if said == "never":
        return math.inf
    return min(parts.settings.drain_deadline if said is None else said, _LONGEST)


async def retire(parts: Parts, row: Instance) -> None:
    """May be called again after a kill, and goes on where it stood. Nothing, if its state is not as seen in `row`: a
    drained instance may have come back, or who wanted its end may have thought better of it."""
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, row.id)
        if fresh.state != InstanceState.stopping and _seen(fresh) != _seen(row):
            return
        fresh.state = InstanceState.stopping
        tx.add(fresh)
    await edge.apply(parts)
    failpoint("retire.unrouted")
    await listen.last_words(parts, row)
    await parts.runtime.stop(row.name)
    await save_log(parts, row)
    failpoint("retire.saved")
    await parts.runtime.remove(row.name)
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, row.id)
        await instances.end(tx, fresh, parts.clock())


async def save_log(parts: Parts, row: Instance) -> None:
    """Copy what the container said since the last time into its file."""
    async with parts.store.read() as tx:
        deployment = await tx.get_one(Deployment, row.deployment_id)
        app = await tx.get_one(App, row.app_id)
    path = parts.logs.run(app.name, deployment.number, f"{row.scope}-{row.id}")
    saved = await to_thread.run_sync(last_time, path)
    lines = [
        LogLine(time=line.at, stream=line.stream, text=line.text)
        async for line in parts.runtime.logs(row.name, since=saved)
    ]
    if lines:
        await to_thread.run_sync(parts.logs.save, path, lines)


_TIMES = ("asked", "deadline", "hung", "settle")


def _seen(row: Instance) -> tuple[str, datetime | None]:
    return row.state, row.drain_until if row.state == InstanceState.draining else None


async def _leaves(parts: Parts, found: Rows, row: Instance) -> bool:
    """Asked right before acting, and the runner too: a session may have begun since, while others were ended."""
    connected = sessions_of(await observe(parts), [row])
    if not may_leave(parts, found, row, connected):
        return False
    if may_leave(parts, found, row, 1) or connected is None:
        return True  # its time is over, whoever is on it
    if Kind(found.deployments[row.deployment_id].kind).serves != "session":
        return True
    return may_leave(parts, found, row, await _counted(parts, row, connected))


async def _counted(parts: Parts, row: Instance, connected: int) -> int | None:
    """The larger one of what the edge and the runner count; None if the runner cannot be asked.

    A container of earlier days has no runner that could tell: it answers, but not this question.
    """
    container = parts.observed.containers.get(row.name)
    if container is None or container.state != "running":
        return connected
    if (report := await listen.hear(parts, row)) is not None:
        return max(connected, report.sessions + report.visits)
    heard = parts.heard.get(row.name)
    if heard is not None and heard.report is not None:
        return None
    answers = await parts.runtime.probe(row.name, IPv4Address(row.address or ""))
    return connected if answers is not None else None
