"""The control loop: what is follows what is intended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress

from sandbox_server.errors import SandboxError, StoreUnavailable
from sandbox_server.jobs.worker import Worker
from sandbox_server.operations import crash, edge, hang, instances, notices_in_pages, notify, pool
from sandbox_server.operations.bell import wait
from sandbox_server.operations.collect import collect
from sandbox_server.operations.expire import expire
from sandbox_server.operations.listen import listen
from sandbox_server.operations.look import look
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.reconcile import follow
from sandbox_server.operations.retire import clear
from sandbox_server.operations.watch import judge
from sandbox_server.settings import Settings

log = logging.getLogger(__name__)

Step = Callable[[Parts], Awaitable[None]]

_TIDY_EVERY = 60.0
"""Seconds."""
_TOGETHER = 0.1
"""Seconds in which deaths that come together are told."""
_LAG = 0.5
"""Seconds."""

ROUNDS: tuple[tuple[Step, Callable[[Settings], float]], ...] = (
    (judge, lambda settings: settings.judge_every),
    (listen, lambda settings: settings.report_every),
    (pool.keep, lambda _: pool.EVERY),
    (clear, lambda settings: settings.reconcile_every),
    (hang.look, lambda settings: settings.hang_after / 10),
    (notices_in_pages.show, lambda settings: settings.report_every),
    (crash.settle_notices, lambda _: _TIDY_EVERY),
    (hang.settle_notices, lambda _: _TIDY_EVERY),
    (instances.settle_notices, lambda _: _TIDY_EVERY),
    (expire, lambda _: _TIDY_EVERY),
    (collect, lambda _: _TIDY_EVERY),
    (look, lambda settings: min(3, settings.visit_every / 20) or _TIDY_EVERY),
)
"""What is done again and again beside the control loop, and the seconds between two times."""


async def work(parts: Parts) -> None:
    """All that the platform does by itself, until cancelled: first make ready, then jobs and the control loop."""
    while not await _round(parts, _make_ready):  # noqa: ASYNC110 - nobody tells when the engine comes
        await asyncio.sleep(parts.settings.reconcile_every)
    while True:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(Worker(parts).run())
                group.create_task(keep_in_step(parts))
                group.create_task(_hear_deaths(parts))
                for way in parts.ways:
                    group.create_task(notify.keep(parts, way))
                for step, every in ROUNDS:
                    group.create_task(_again_and_again(parts, step, every(parts.settings)))
        except* Exception:
            log.exception("the platform's own work ended; it starts again")
            await asyncio.sleep(parts.settings.reconcile_every)


async def keep_in_step(parts: Parts) -> None:
    """Until cancelled: reconcile every few seconds; what is not there is waited for, and made ready again.

    Jobs apply their own changes at once. This loop is for what nobody tells: crashes, last sessions, lost parts.
    """
    ready = True
    tidied = 0.0
    pause = parts.settings.reconcile_every
    while True:
        died = parts.deaths.listen()
        ready = (ready or await _round(parts, _prepare)) and await _round(parts, follow)
        if ready and parts.monotonic() - tidied > _TIDY_EVERY:
            tidied = parts.monotonic()
            ready = await _round(parts, _guard)
        if await wait(died, pause):
            await asyncio.sleep(_TOGETHER)
            # The engine's list may lag behind its news: the round after this one comes soon.
            pause = min(_LAG, parts.settings.reconcile_every)
        else:
            pause = parts.settings.reconcile_every


async def _hear_deaths(parts: Parts) -> None:
    """Until cancelled: whoever waits for an instance that crashed waits for the next round."""
    while True:
        with suppress(SandboxError):
            async with aclosing(parts.runtime.deaths()) as names:
                async for _ in names:
                    parts.deaths.ring()
        await asyncio.sleep(parts.settings.reconcile_every)


async def _again_and_again(parts: Parts, step: Step, every: float) -> None:
    while True:
        await _round(parts, step)
        await asyncio.sleep(every)


async def _make_ready(parts: Parts) -> None:
    await _prepare(parts)
    # No job runs yet, so every builder container is a dead one's.
    await parts.builder.sweep()


async def _prepare(parts: Parts) -> None:
    """Network and firewall, then the edge: before any traffic, and again whenever one of them came back."""
    await _guard(parts)
    await parts.router.prepare(await edge.wanted(parts))
    parts.written = parts.applied = None


async def _guard(parts: Parts) -> None:
    """Network and firewall rule may be lost while nothing else is, as after `firewall-cmd --reload`."""
    parts.subnet = await parts.runtime.prepare()


async def _round(parts: Parts, step: Step) -> bool:
    """False if it did not succeed; the next round tries again."""
    try:
        await step(parts)
    except StoreUnavailable:
        pass  # the store says so itself, once
    except SandboxError as error:
        log.warning("%s: %s", step.__name__.strip("_"), error.message)
    except Exception:
        log.exception("%s failed", step.__name__.strip("_"))
    else:
        return True
    return False
