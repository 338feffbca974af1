"""The control loop: what is follows what is intended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sandbox_server.errors import SandboxError
from sandbox_server.jobs.worker import Worker
from sandbox_server.operations import edge
from sandbox_server.operations.collect import collect
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.reconcile import reconcile

log = logging.getLogger(__name__)

_TIDY_EVERY = 60.0
"""Seconds."""


async def work(parts: Parts) -> None:
    """All that the platform does by itself, until cancelled: first make ready, then jobs and the control loop."""
    while not await _round(parts, _make_ready):  # noqa: ASYNC110 - nobody tells when the engine comes
        await asyncio.sleep(parts.settings.reconcile_every)
    while True:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(Worker(parts).run())
                group.create_task(keep_in_step(parts))
        except* Exception:
            log.exception("the platform's own work ended; it starts again")
            await asyncio.sleep(parts.settings.reconcile_every)


async def keep_in_step(parts: Parts) -> None:
    """Until cancelled: reconcile every few seconds; what is not there is waited for, and made ready again.

    Jobs apply their own changes at once. This loop is for what nobody tells: crashes, last sessions, lost parts.
    """
    ready = True
    tidied = 0.0
    while True:
        ready = (ready or await _round(parts, _prepare)) and await _round(parts, reconcile)
        if ready and parts.monotonic() - tidied > _TIDY_EVERY:
            tidied = parts.monotonic()
            ready = await _round(parts, _guard)
            await _round(parts, collect)
        await asyncio.sleep(parts.settings.reconcile_every)


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


async def _round(parts: Parts, step: Callable[[Parts], Awaitable[None]]) -> bool:
    """False if it did not succeed; the next round tries again."""
    try:
        await step(parts)
    except SandboxError as error:
        log.warning("%s: %s", step.__name__.strip("_"), error.message)
    except Exception:
        log.exception("%s failed", step.__name__.strip("_"))
    else:
        return True
    return False
