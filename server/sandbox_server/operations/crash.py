"""Crash: an instance that should run and does not. It is told, counted and replaced; what crashes again and again is
started ever more slowly, and its owner hears of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import config
from sandbox_server.domain.figures import Counts
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.keeping import retry_after
from sandbox_server.domain.running import numbers
from sandbox_server.operations import start, trouble
from sandbox_server.operations.parts import Observed, Parts
from sandbox_server.operations.rows import Rows
from sandbox_server.runtime.base import ContainerState
from sandbox_server.store import deployments, events, figures, instances, notices
from sandbox_server.store.crashes import COUNTS_FOR, CRASHED, crash_times
from sandbox_server.store.tables import App, Deployment, Instance

_LOOP = 3
"""So many crashes in that time are told to the owner."""
_NOTICE = "crash "


@dataclass(frozen=True)
class Loop:
    """What goes down again and again, or does not come up."""

    crashes: int
    failures: int
    """Starts in a row that came to nothing."""
    starts_at: datetime

    def words(self, now: datetime) -> str:
        """Such as "crashed 4 times in 10 minutes, starts again in 16 s"."""
        what = f"crashed {self.crashes} times in {COUNTS_FOR.seconds // 60} minutes"
        if self.failures > self.crashes:
            what = f"did not start {self.failures} times in a row"
        left = (self.starts_at - now).total_seconds()
        return f"{what}, starts again in {left:.0f} s" if left >= 1 else what


async def find(parts: Parts, rows: Rows, observed: Observed) -> None:
    """Take down instances that do not run any more, and starts that nobody works on. Others take their places."""
    at_once = _end_at_once(rows, observed)
    for row in rows.live:
        if row.state == InstanceState.up and not row.visited and row.deployment_id in rows.busy:
            continue  # whoever visits it for the first time says why it ended
        if row.state == InstanceState.starting:
            if row.id not in rows.begun and row.deployment_id not in rows.busy:
                await _take_down(parts, row)
        elif row.state in (InstanceState.up, InstanceState.draining) and await _is_gone(parts, row, observed):
            if at_once or _was_stopped(row, observed):
                await _take_down(parts, row, "instance.lost", "The container engine ended it, not the app.")
            else:
                await end(parts, row, await _why(parts, row, observed))


async def end(parts: Parts, row: Instance, why: str) -> None:
    """It ended by itself, or cannot be helped: from now on it is out of the edge, and `retire.clear` does the rest."""
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, row.id)
        if fresh.state != row.state:
            return
        fresh.state = InstanceState.stopping
        tx.add(fresh)
        app, deployment = await tx.get_one(App, row.app_id), await tx.get_one(Deployment, row.deployment_id)
        now, subject = parts.clock(), f"d{deployment.number}"
        await events.record(
            tx, at=now, by="platform", action=CRASHED, app=app.name, subject=subject,
            old=row.scope, reason=why,
        )  # fmt: skip
        await figures.add(tx, row.deployment_id, row.scope, now, Counts(crashes=1))
        crashes = len(await crash_times(tx, app, deployment, row.scope, now))
        if crashes >= _LOOP:
            await notices.open_notice(
                tx, row.app_id, f"{_NOTICE}{subject} {row.scope}",
                f"{subject} crashed {crashes} times in {COUNTS_FOR.seconds // 60} minutes "
                f"({row.scope} scope). {why}",
                now, hint=f"Read the log: `sandbox logs {subject} --app {app.name}`.",
            )  # fmt: skip


async def loop_of(tx: AsyncSession, deployment: Deployment, scope: str, now: datetime) -> Loop | None:
    """None if a missing instance is started at once.

    As many crashes as it may have instances are free: whoever uses an app gets a fresh instance without waiting.
    """
    app = await tx.get_one(App, deployment.app_id)
    crashes = await crash_times(tx, app, deployment, scope, now)
    failed = _failed(await instances.newest(tx, deployment.id or 0, scope), now)
    most = numbers(config.instances(config.stored(deployment.config), Scope(scope))).most
    pause = retry_after(max(len(crashes) - most, len(failed)))
    if not pause:
        return None
    last = max([*crashes, *(row.ended_at for row in failed if row.ended_at)])
    return Loop(len(crashes), len(failed), last + timedelta(seconds=pause))


async def loops_of(tx: AsyncSession, app: App, now: datetime) -> dict[tuple[int, str], Loop]:
    """All of an app, by the deployment's number and scope."""
    told = await events.since(tx, action=CRASHED, app=app.name, since=now - COUNTS_FOR)
    found = {}
    for subject, scope in {(event.subject, event.old) for event in told if event.at <= now}:
        deployment = await deployments.get(tx, app, int(subject[1:]))
        if loop := await loop_of(tx, deployment, scope, now):
            found[deployment.number, scope] = loop
    return found


async def settle_notices(parts: Parts) -> None:
    """What has not crashed for a while is well again."""
    async with parts.store.read() as tx:
        open_ones = [one for one in await notices.open_ones(tx) if one.key.startswith(_NOTICE)]
    for notice in open_ones:
        subject, _, scope = notice.key.removeprefix(_NOTICE).partition(" ")
        async with parts.store.write() as tx:
            app = await tx.get_one(App, notice.app_id)
            deployment = await deployments.get(tx, app, int(subject[1:]))
            if not await crash_times(tx, app, deployment, scope, parts.clock()):
                await notices.settle(tx, notice.app_id, notice.key, parts.clock())


_STOPPED = 143
"""How a process ends that is asked to by somebody outside, as by an engine that stops."""
_FROM_OUTSIDE = (_STOPPED, 137, 255, None)
"""What an engine that stops, or was killed, leaves of containers. None: not even the container."""


def _end_at_once(rows: Rows, observed: Observed) -> bool:
    """Did the engine start anew? Then nothing runs of what ran, and nobody can blame an app for it."""
    ran = [row.name for row in rows.live if row.state in (InstanceState.up, InstanceState.draining)]
    ends = [observed.containers.get(name) for name in ran]
    return len(ends) > 1 and all(
        one is None
        or (one.state is ContainerState.exited and one.exit_code in _FROM_OUTSIDE and not one.out_of_memory)
        for one in ends
    )


def _was_stopped(row: Instance, observed: Observed) -> bool:
    container = observed.containers.get(row.name)
    return container is not None and container.exit_code == _STOPPED


async def _is_gone(parts: Parts, row: Instance, observed: Observed) -> bool:
    """Asked again right before acting: a job may have started its container since this round looked."""
    container = observed.containers.get(row.name)
    if container is not None and container.state is ContainerState.running:
        return False
    return not any(
        container.name == row.name and container.state is ContainerState.running
        for container in await parts.runtime.containers()
    )


async def _why(parts: Parts, row: Instance, observed: Observed) -> str:
    container = observed.containers.get(row.name)
    if container is None:
        return "Its container is gone."
    async with parts.store.read() as tx:
        deployment = await deployments.by_id(tx, row.deployment_id)
    lines = [line async for line in parts.runtime.logs(row.name, tail=100)]
    return trouble.ended(container, start.memory_limit(deployment, row.scope), lines).message


async def _take_down(parts: Parts, row: Instance, action: str = "", why: str = "") -> None:
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, row.id)
        if fresh.state != row.state:
            return
        fresh.state = InstanceState.stopping
        tx.add(fresh)
        if action:
            app, deployment = (
                await tx.get_one(App, row.app_id),
                await tx.get_one(Deployment, row.deployment_id),
            )
            await events.record(
                tx, at=parts.clock(), by="platform", action=action, app=app.name,
                subject=f"d{deployment.number}", old=row.scope, reason=why,
            )  # fmt: skip


def _failed(newest: Sequence[Instance], now: datetime) -> list[Instance]:
    """Those among the newest that ended without ever having come up, until the first that did."""
    found: list[Instance] = []
    for row in newest:
        if row.visited:
            break
        if row.state == InstanceState.ended and row.ended_at and row.ended_at <= now:
            found.append(row)
    return found
