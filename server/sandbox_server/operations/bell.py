"""Wakes whoever waits for a change."""

import asyncio
from collections.abc import AsyncIterator


class Bell:
    """Rung after every commit. Those who miss a ring look again by themselves after a while."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def ring(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    def listen(self) -> asyncio.Event:
        """The event of the next ring. Take it before looking, so that no change falls between look and wait."""
        return self._next

    async def rings(self, every: float) -> AsyncIterator[None]:
        """At once, then after each ring and at least every `every` seconds."""
        while True:
            heard = self.listen()
            yield
            await wait(heard, every)


async def wait(event: asyncio.Event, seconds: float) -> bool:
    """False if it did not ring in time."""
    # Not `wait_for`: on Python 3.11 it forgets a cancellation that comes together with the ring.
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
