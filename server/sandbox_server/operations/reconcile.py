"""Reconcile: what is follows what the database intends. Run again and again, it finishes whatever was interrupted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.deployment import UNFINISHED
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.keeping import Run, may_retire, may_sleep, retry_after, wanted_runs
from sandbox_server.operations import edge, retire, start, trouble
from sandbox_server.operations.observe import observe, sessions_of
from sandbox_server.operations.parts import Observed, Parts
from sandbox_server.runtime.base import ContainerState
from sandbox_server.store import deployments, events, instances, jobs, releases
from sandbox_server.store.tables import App, Deployment, Instance, Job, Release
from sandbox_server.wire import Status

_CRASHES_COUNT_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Rows:
    """What the database says, in one look."""

    live: Sequence[Instance]
    ready: Sequence[Deployment]
    unfinished: Sequence[Deployment]
    releases: dict[int, list[Release]]
    jobs: Sequence[Job]

    @property
    def busy(self) -> set[int]:
        """Deployments that a job takes care of."""
        return {job.payload["deployment"] for job in self.jobs if "deployment" in job.payload}


async def reconcile(parts: Parts) -> None:
    """One round. Raises `RuntimeUnavailable` and `RouterUnavailable`; whatever was not reached waits for the next."""
    # The look at the engine comes first: an instance made after it is in the rows or not, but never taken for lost.
    parts.looked = None
    rows_before = await _rows(parts)
    observed = await observe(parts)
    await _remove_orphans(parts, observed)
    await _end_crashed(parts, rows_before, observed)
    await _put_to_sleep(parts, observed)
    await _drain(parts)
    await edge.apply(parts)
    await _retire_drained(parts, observed)
    await _start_missing(parts)


async def _rows(parts: Parts) -> Rows:
    """Read again only if something was written since: most rounds find nothing to do."""
    commits = parts.store.commits
    if parts.looked is None or parts.looked[0] != commits:
        async with parts.store.read() as tx:
            parts.looked = (commits, await _rows_in(tx))
    rows: Rows = parts.looked[1]
    return rows


async def _rows_in(tx: AsyncSession) -> Rows:
    return Rows(
        live=await instances.live(tx),
        ready=await deployments.in_states(tx, {Status.ready}),
        unfinished=await deployments.in_states(tx, UNFINISHED),
        releases=await releases.all_releases(tx),
        jobs=await jobs.open_jobs(tx),
    )


async def _remove_orphans(parts: Parts, observed: Observed) -> None:
    """Containers whose row has ended or never was. The row comes first, so whatever has none is nobody's."""
    known = {row.name for row in (await _rows(parts)).live}
    for name in observed.containers.keys() - known:
        await parts.runtime.remove(name)


async def _end_crashed(parts: Parts, rows: Rows, observed: Observed) -> None:
    """Instances that should run and do not; missing ones are started below."""
    for row in rows.live:
        if row.state == InstanceState.up and not row.visited and row.deployment_id in rows.busy:
            continue  # whoever visits it for the first time says why it ended
        container = observed.containers.get(row.name)
        gone = container is None or container.state is not ContainerState.running
        if gone and row.state in (InstanceState.up, InstanceState.draining):
            gone = await _still_gone(parts, row)
        if row.state == InstanceState.stopping or (row.state != InstanceState.starting and gone):
            if row.state != InstanceState.stopping:
                await _record_crash(parts, row, observed)
            await retire.retire(parts, row)
        elif row.state == InstanceState.starting and row.deployment_id not in rows.busy:
            await retire.retire(parts, row)


async def _still_gone(parts: Parts, row: Instance) -> bool:
    """Asked right before acting: a job may have started its container again since this round looked."""
    return not any(
        container.name == row.name and container.state is ContainerState.running
        for container in await parts.runtime.containers()
    )


async def _record_crash(parts: Parts, row: Instance, observed: Observed) -> None:
    container = observed.containers.get(row.name)
    async with parts.store.read() as tx:
        deployment = await deployments.by_id(tx, row.deployment_id)
    why = "Its container is gone."
    if container is not None:
        lines = [line async for line in parts.runtime.logs(row.name, tail=100)]
        why = trouble.ended(container, start.memory_limit(deployment), lines).message
    async with parts.store.write() as tx:
        app = await tx.get_one(App, row.app_id)
        await events.record(
            tx, at=parts.clock(), by="platform", action="instance.crashed", app=app.name,
            subject=f"d{deployment.number}", old=row.scope, reason=why,
        )  # fmt: skip


async def _put_to_sleep(parts: Parts, observed: Observed) -> None:
    rows = await _rows(parts)
    now = parts.clock()
    for deployment in rows.ready:
        own = [row for row in rows.live if row.deployment_id == deployment.id and row.scope == Scope.sandbox]
        if deployment.id in rows.busy or not may_sleep(
            replaced_at=deployment.replaced_at,
            awake_until=deployment.awake_until,
            sessions=sessions_of(observed, own),
            settle=parts.settings.settle,
            drain_deadline=parts.settings.drain_deadline,
            now=now,
        ):
            continue
        async with parts.store.write() as tx:
            app = await tx.get_one(App, deployment.app_id)
            fresh = await deployments.by_id(tx, deployment.id or 0)
            await deployments.move(
                tx, fresh, Status.asleep, at=now, by="platform", app=app.name, reason="its last session ended"
            )


async def _drain(parts: Parts) -> None:
    """Instances that nobody wants any more get no new page loads."""
    if not _unneeded(parts, await _rows(parts)):
        return
    async with parts.store.write() as tx:
        # Looked at again in the transaction that drains: a release may just have come back to one of them.
        for row in _unneeded(parts, await _rows_in(tx)):
            await instances.drain(tx, row, "platform", parts.clock())


def _unneeded(parts: Parts, rows: Rows) -> list[Instance]:
    wanted = _wanted(parts, rows)
    return [
        row
        for row in rows.live
        if row.state == InstanceState.up
        and row.deployment_id not in rows.busy
        and not _is_wanted(row, rows.live, wanted)
    ]


def _wanted(parts: Parts, rows: Rows) -> set[Run]:
    ready = [deployment.id for deployment in rows.ready if deployment.id is not None]
    return wanted_runs(ready, rows.releases, parts.settings.keep_previous, parts.clock())


def _is_wanted(row: Instance, live: Sequence[Instance], wanted: set[Run]) -> bool:
    """In the sandbox scope only the newest spec on which a session came up is, once there is one."""
    for run in wanted:
        if (run.deployment, run.scope) != (row.deployment_id, row.scope):
            continue
        if run.spec_hash == row.spec_hash:
            return True
        if not run.spec_hash:
            alike = [
                other for other in live if (other.deployment_id, other.scope) == (run.deployment, run.scope)
            ]
            visited = [other for other in alike if other.visited and other.state == InstanceState.up]
            return not visited or visited[-1].spec_hash == row.spec_hash
    return False


async def _retire_drained(parts: Parts, observed: Observed) -> None:
    leaving = [row for row in (await _rows(parts)).live if _may_leave(parts, row, observed)]
    if leaving:
        # Asked again right before acting: a session may have begun since this round looked.
        observed = await observe(parts)
    for row in leaving:
        if _may_leave(parts, row, observed):
            await retire.retire(parts, row)


def _may_leave(parts: Parts, row: Instance, observed: Observed) -> bool:
    return row.state == InstanceState.draining and may_retire(
        drains_since=row.drains_since,
        sessions=sessions_of(observed, [row]),
        settle=parts.settings.settle,
        drain_deadline=parts.settings.drain_deadline,
        now=parts.clock(),
    )


async def _start_missing(parts: Parts) -> None:
    rows = await _rows(parts)
    for deployment in rows.unfinished:
        if deployment.id not in rows.busy:
            await _add_job(
                parts, "deploy", f"deployment:{deployment.id}", {"deployment": deployment.id}, wait=0
            )
    # Users first: releases before sandboxes.
    for run in sorted(_wanted(parts, rows), key=lambda run: (run.scope is not Scope.release, run.deployment)):
        served = any(
            (row.deployment_id, row.scope) == (run.deployment, run.scope)
            and run.spec_hash in ("", row.spec_hash)
            and row.state in (InstanceState.starting, InstanceState.up)
            for row in rows.live
        )
        if not served and run.deployment not in rows.busy:
            await _revive(parts, run)


async def _revive(parts: Parts, run: Run) -> None:
    async with parts.store.read() as tx:
        deployment = await deployments.by_id(tx, run.deployment)
    # Releases take turns with switches of their app: both would bring up the same instance.
    released = run.scope is Scope.release
    target = f"app:{deployment.app_id}" if released else f"deployment:{deployment.id}"
    payload = {
        "deployment": run.deployment, "scope": run.scope, "variables_at": run.variables_at, "kind": "revive",
    }  # fmt: skip
    await _add_job(parts, "refresh", target, payload, wait=retry_after(await _failures(parts, run, target)))


async def _failures(parts: Parts, run: Run, target: str) -> int:
    """How often in a row its last starts failed, or how often it came up and went down again in the last minutes.

    A first crash is not counted: whoever uses the app gets a fresh instance at once.
    """
    async with parts.store.read() as tx:
        failures = await jobs.failures_in_a_row(tx, target, "refresh")
        deployment = await deployments.by_id(tx, run.deployment)
        app = await tx.get_one(App, deployment.app_id)
        crashes = await events.count(
            tx, action="instance.crashed", app=app.name, subject=f"d{deployment.number}", old=run.scope,
            since=parts.clock() - _CRASHES_COUNT_FOR,
        )  # fmt: skip
    return max(failures, crashes - 1)


async def _add_job(parts: Parts, kind: str, target: str, payload: dict[str, Any], wait: float) -> None:
    async with parts.store.write() as tx:
        job = await jobs.add(tx, kind, target, payload, by="platform", now=parts.clock())
        job.run_after += timedelta(seconds=wait)
