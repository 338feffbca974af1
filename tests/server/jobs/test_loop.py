"""What the platform does by itself, again and again."""

from asyncio import create_task, gather

import pytest
from tests.server.platform import Platform

from sandbox_server.jobs.loop import keep_in_step

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
