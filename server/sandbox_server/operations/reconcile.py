"""Reconcile: what is follows what the database intends. Run again and again, it finishes whatever was interrupted."""

from sandbox_server.domain.instance import InstanceState
from sandbox_server.operations import crash, edge, instances, retire, sleep
from sandbox_server.operations.observe import observe
from sandbox_server.operations.parts import Observed, Parts
from sandbox_server.operations.rows import Rows, rows, rows_in
from sandbox_server.store import instances as leases
from sandbox_server.store import jobs, warm
from sandbox_server.store.tables import Instance


async def reconcile(parts: Parts) -> None:
    """One round and all that follows. Raises `RuntimeUnavailable` and `RouterUnavailable`; whatever was not reached
    waits for the next."""
    await follow(parts)
    await retire.clear(parts)


async def follow(parts: Parts) -> None:
    """The quick part of a round, for which users wait: nothing in it waits for a process to end."""
    # The look at the engine comes first: an instance made after it is in the rows or not, but never taken for lost.
    parts.looked = None
    before = await rows(parts)
    observed = await observe(parts)
    await _remove_orphans(parts, observed)
    await crash.find(parts, before, observed)
    found = await rows(parts)
    await sleep.put_to_sleep(parts, found.ready, found.live, found.busy, observed)
    await _drain_unneeded(parts)
    await edge.apply(parts)
    await _go_on(parts)
    await instances.keep_up(parts, observed)


async def _remove_orphans(parts: Parts, observed: Observed) -> None:
    """Containers whose row has ended or never was. The row comes first, so whatever has none is nobody's."""
    known = {row.name for row in (await rows(parts)).live}
    if observed.containers.keys() - known:
        async with parts.store.read() as tx:
            known |= {row.name for row in await warm.every(tx)}
    for name in observed.containers.keys() - known:
        await parts.runtime.remove(name)


async def _drain_unneeded(parts: Parts) -> None:
    """Instances that nobody wants any more get no new page loads."""
    if not _unneeded(parts, await rows(parts)):
        return
    async with parts.store.write() as tx:
        # Looked at again in the transaction that drains: a release may just have come back to one of them.
        for row in _unneeded(parts, await rows_in(tx)):
            await leases.drain(tx, row, "platform", parts.clock())


def _unneeded(parts: Parts, found: Rows) -> list[Instance]:
    runs = found.runs(parts.settings.keep_previous, parts.clock())
    needed = {row.id for run in runs for row in found.of(run)}
    return [
        row
        for row in found.live
        if row.state == InstanceState.up and row.deployment_id not in found.busy and row.id not in needed
    ]


async def _go_on(parts: Parts) -> None:
    """Pushes of which the work was lost."""
    found = await rows(parts)
    for deployment in found.unfinished:
        if deployment.id not in found.busy:
            async with parts.store.write() as tx:
                await jobs.add(
                    tx, "deploy", f"deployment:{deployment.id}", {"deployment": deployment.id},
                    by="platform", now=parts.clock(),
                )  # fmt: skip
