"""Retire: an instance goes, in an order in which a kill does no harm.

Out of the edge, stopped, its log saved, removed, and only then its lease is given back.
"""

from anyio import to_thread

from sandbox_server.domain.instance import InstanceState
from sandbox_server.operations import edge
from sandbox_server.operations.parts import Parts
from sandbox_server.store import instances
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.logs import last_time
from sandbox_server.store.tables import App, Deployment, Instance
from sandbox_server.wire import LogLine


async def retire(parts: Parts, row: Instance) -> None:
    """May be called again after a kill, and goes on where it stood. Nothing, if its state is not as seen in `row`:
    a drained instance may have come back."""
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, row.id)
        if fresh.state not in (row.state, InstanceState.stopping):
            return
        fresh.state = InstanceState.stopping
        tx.add(fresh)
    await edge.apply(parts)
    failpoint("retire.unrouted")
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
