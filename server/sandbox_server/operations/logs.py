"""Read a deployment's logs: what is saved, and after it what a living container says."""

from bisect import bisect_left
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Literal

from anyio import to_thread

from sandbox_server.domain.instance import Scope
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, instances
from sandbox_server.store.logs import last_time, read, read_on
from sandbox_server.store.tables import Deployment, Instance
from sandbox_server.wire import LogLine, Status

Kind = Literal["run", "build"]

MINUTE = timedelta(minutes=1)
_SEARCHED = 50_000
"""Lines."""


async def read_log(
    parts: Parts, app: str, number: int, kind: Kind, tail: int | None = 500, *, scope: Scope | None = None
) -> list[LogLine]:
    """The last `tail` lines, oldest first; of a run in one scope only, if it is named. Raises `NotFound`."""
    deployment, rows = await _look(parts, app, number)
    if kind == "build":
        return await to_thread.run_sync(read, parts.logs.build(app, deployment.number), tail)
    lines: list[LogLine] = []
    for path in parts.logs.saved_runs(app, number, scope):
        lines += await to_thread.run_sync(read, path, tail)
    for row in rows:
        if scope not in (None, row.scope):
            continue
        path = parts.logs.run(app, number, f"{row.scope}-{row.id}")
        saved = await to_thread.run_sync(last_time, path)
        lines += [
            LogLine(time=line.at, stream=line.stream, text=line.text)
            async for line in parts.runtime.logs(row.name, tail=tail, since=saved)
        ]
    lines.sort(key=lambda line: line.time)
    return lines[-tail:] if tail is not None else lines


async def read_around(
    parts: Parts, app: str, number: int, kind: Kind, at: datetime, beside: int = 40
) -> list[LogLine]:
    """The lines of the minute that begins then, at most 500, and `beside` lines before and after it; oldest first.

    What lies further back than the last 50,000 lines is not found. Raises `NotFound`.
    """
    lines = await read_log(parts, app, number, kind, tail=_SEARCHED)
    first = bisect_left(lines, at, key=lambda line: line.time)
    last = bisect_left(lines, at + MINUTE, key=lambda line: line.time)
    return lines[max(first - beside, 0) : min(last, first + 500) + beside]


async def follow_log(
    parts: Parts, app: str, number: int, kind: Kind, tail: int = 200
) -> AsyncIterator[LogLine | None]:
    """The last `tail` lines, then new ones as they come; None whenever there are none just now.

    A build's log ends with the build, a run's never.
    """
    fresh_ones = _fresh_build if kind == "build" else _fresh_run
    async for lines in fresh_ones(parts, app, number, tail):
        for line in lines:
            yield line
        yield None


async def _fresh_build(parts: Parts, app: str, number: int, tail: int) -> AsyncIterator[list[LogLine]]:
    path = parts.logs.build(app, number)
    at = 0
    most: int | None = tail
    async for _ in parts.bell.rings(every=0.5):
        deployment, _rows = await _look(parts, app, number)
        lines, at = await to_thread.run_sync(read_on, path, at, most)
        yield lines
        most = None
        if deployment.status not in (Status.queued, Status.building):
            return


async def _fresh_run(parts: Parts, app: str, number: int, tail: int) -> AsyncIterator[list[LogLine]]:
    last: datetime | None = None
    async for _ in parts.bell.rings(every=1):
        lines = await read_log(parts, app, number, "run", tail=tail if last is None else 2000)
        fresh = [line for line in lines if last is None or line.time > last]
        last = fresh[-1].time if fresh else last
        yield fresh


async def _look(parts: Parts, app_name: str, number: int) -> tuple[Deployment, list[Instance]]:
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        deployment = await deployments.get(tx, app, number)
        return deployment, await instances.live(tx, deployment.id)
