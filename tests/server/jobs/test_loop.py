"""What the platform does by itself, again and again."""

from asyncio import Event, create_task, gather, wait_for

import pytest
from tests.server.platform import Platform

from sandbox_server.builder.base import Image
from sandbox_server.domain.instance import InstanceState
from sandbox_server.jobs.loop import keep_in_step, work

pytestmark = pytest.mark.anyio


async def test_network_and_firewall_are_looked_after_while_all_is_well(platform: Platform) -> None:
    before = platform.runtime.prepared

    async def guarded() -> bool:
        return platform.runtime.prepared > before

    loop = create_task(keep_in_step(platform.parts))
    try:
        await platform.until(guarded)
    finally:
        loop.cancel()
        await gather(loop, return_exceptions=True)


async def test_what_crashes_is_replaced_while_garbage_is_collected(platform: Platform) -> None:
    await platform.deploy()
    gone = await platform.instance(1)
    collecting = Event()

    async def images() -> list[Image]:
        collecting.set()
        await Event().wait()
        return []

    platform.builder.images = images  # type: ignore[method-assign]

    async def another() -> bool:
        up = [row for row in await platform.live(1) if row.state == InstanceState.up]
        return bool(up) and up[-1].id != gone.id

    working = create_task(work(platform.parts))
    try:
        await wait_for(collecting.wait(), 20)
        platform.runtime.crash(gone.name)
        await platform.until(another)
    finally:
        working.cancel()
        await gather(working, return_exceptions=True)
