"""A container's output, cut into lines, on its way from a thread to the event loop."""

import asyncio
import json
from collections import deque
from collections.abc import Callable

import anyio.lowlevel

_LONGEST = 4000
_FRAME = 80
"""Bytes that a line costs in a log beside its text: time, stream, names."""
_AT_ONCE = 200
"""Lines that may hold up the event loop."""


class Lines:
    """`feed` may be called from any thread; the sink is called in the loop in which this was made."""

    def __init__(self, sink: Callable[[str], None], most: int) -> None:
        """`most` is in bytes, as a log takes them: what comes beyond is not passed on, and `overflown` says so."""
        self._sink = sink
        self._left = most
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._waiting: deque[str] = deque()
        self._delivering = False
        self._closed = False

    @property
    def overflown(self) -> bool:
        return self._left <= 0

    def feed(self, chunk: bytes) -> None:
        if self._closed or self.overflown:
            return
        *whole, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[-_LONGEST:]
        lines = [line.decode("utf-8", "replace").rstrip("\r")[-_LONGEST:] for line in whole]
        self._left -= max(len(chunk), sum(len(json.dumps(line)) + _FRAME for line in lines))
        if lines and not self.overflown and not self._loop.is_closed():
            self._waiting.extend(lines)
            if not self._delivering:
                self._delivering = True
                self._loop.call_soon_threadsafe(self._deliver)

    def end(self) -> None:
        """The output is over: what has no newline is a line too."""
        if self._rest:
            self.feed(b"\n")

    async def delivered(self) -> None:
        """Return when the sink has got all that was fed."""
        while self._waiting and not self._closed:
            await anyio.lowlevel.checkpoint()

    def close(self) -> None:
        self._closed = True

    def _deliver(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            if not self._closed:
                self._sink(self._waiting.popleft())
        self._delivering = False
        # Looked at after that: `feed` leaves the rest to us as long as it is set.
        if self._waiting and not self._closed:
            self._delivering = True
            self._loop.call_soon(self._deliver)
