"""A container's output, cut into lines, on its way from a thread to the event loop."""

import asyncio
from collections import deque
from collections.abc import Callable

_TAIL = 40
_LONGEST = 4000


class Lines:
    """`feed` may be called from any thread; the sink is called in the loop in which this was made."""

    def __init__(self, sink: Callable[[str], None], most: int) -> None:
        """`most` is in bytes: what comes beyond is not passed on, and `overflown` says so."""
        self._sink = sink
        self._left = most
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._last: deque[str] = deque(maxlen=_TAIL)
        self._closed = False

    @property
    def overflown(self) -> bool:
        return self._left <= 0

    @property
    def tail(self) -> str:
        return "\n".join(self._last)

    def feed(self, chunk: bytes) -> None:
        self._left -= len(chunk)
        if self._closed or self.overflown:
            return
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest[-_LONGEST:]
        for line in whole:
            self._pass_on(line.decode("utf-8", "replace").rstrip("\r")[-_LONGEST:])

    def close(self) -> None:
        self._closed = True

    def _pass_on(self, line: str) -> None:
        self._last.append(line)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, line)

    def _deliver(self, line: str) -> None:
        if not self._closed:
            self._sink(line)
