"""Who waits for whom; no browser is needed to see that."""

import asyncio

import anyio
import pytest

from sandbox_server.visitor import ChromiumVisitor, Itinerary, Outcome, Visit
from sandbox_server.visitor.chromium import AT_ONCE

pytestmark = pytest.mark.anyio


class SlowVisitor(ChromiumVisitor):
    """Every page takes until it is told to end."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:1", "apps.localhost")
        self.at: list[str] = []
        self.is_full, self.end = asyncio.Event(), asyncio.Event()

    async def _visit_twice(self, itinerary: Itinerary) -> Visit:
        self.at.append(itinerary.url)
        if len(self.at) == AT_ONCE:
            self.is_full.set()
        await self.end.wait()
        return Visit(Outcome.idle, 0)


async def test_a_release_does_not_queue_behind_sandboxes_that_never_rest() -> None:
    visitor = SlowVisitor()
    wanted = [Itinerary(f"sandbox {number}") for number in range(5)] + [Itinerary("release", users_wait=True)]
    visits = [asyncio.create_task(visitor.visit(itinerary)) for itinerary in wanted]
    with anyio.fail_after(60):
        await visitor.is_full.wait()
        await asyncio.sleep(0)
        assert sorted(visitor.at) == ["release", "sandbox 0", "sandbox 1"]
        visitor.end.set()
        await asyncio.gather(*visits)
    await visitor.close()
    assert len(visitor.at) == len(wanted)


async def test_releases_use_every_place() -> None:
    visitor = SlowVisitor()
    visits = [
        asyncio.create_task(visitor.visit(Itinerary(str(number), users_wait=True)))
        for number in range(AT_ONCE + 1)
    ]
    with anyio.fail_after(60):
        await visitor.is_full.wait()
        visitor.end.set()
        await asyncio.gather(*visits)
    await visitor.close()
