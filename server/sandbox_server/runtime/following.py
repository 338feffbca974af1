"""Reading in a thread of its own what never ends, with a bounded queue, until the reader goes away."""

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from sandbox_server.errors import SandboxError
from sandbox_server.runtime.engine import engine_errors

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_QUEUE = 1000
"""Items that wait for a slow reader; then the thread, and in the end the engine, waits."""


class Source(Protocol[T_co]):
    """Items, such as lines, that may take for ever to come; `close` from another thread ends them."""

    def __iter__(self) -> Iterator[T_co]: ...

    def close(self) -> None: ...


async def follow(open_source: Callable[[], Source[T] | None]) -> AsyncGenerator[T, None]:
    """Items of the source that `open_source` opens in the thread; None is an empty one."""
    reading = _Reading(open_source, asyncio.get_running_loop())
    reading.thread.start()
    try:
        while True:
            item = await reading.next()
            if item is None:
                return
            yield item
    finally:
        reading.stop()


class _Reading(Generic[T]):
    def __init__(self, open_source: Callable[[], Source[T] | None], loop: asyncio.AbstractEventLoop) -> None:
        self.thread = threading.Thread(target=self._run, name="following", daemon=True)
        self._open = open_source
        self._loop = loop
        self._items: queue.Queue[T | SandboxError | None] = queue.Queue(_QUEUE)
        self._more = asyncio.Event()
        self._source: Source[T] | None = None
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    async def next(self) -> T | None:
        while True:
            self._more.clear()
            try:
                item = self._items.get_nowait()
            except queue.Empty:
                await self._more.wait()
                continue
            if isinstance(item, SandboxError):
                raise item
            return item

    def stop(self) -> None:
        with self._lock:
            self._stopped.set()
            if self._source is not None:
                self._source.close()

    def _run(self) -> None:
        try:
            with engine_errors():
                self._read()
        except SandboxError as error:
            self._put(error)
        else:
            self._put(None)

    def _read(self) -> None:
        source = self._open()
        if source is None:
            return None
        with self._lock:
            if self._stopped.is_set():
                return source.close()
            self._source = source
        try:
            for item in source:
                if self._stopped.is_set():
                    break
                self._put(item)
        finally:
            source.close()
        return None

    def _put(self, item: T | SandboxError | None) -> None:
        put = False
        while not (put or self._stopped.is_set()):
            with suppress(queue.Full):
                self._items.put(item, timeout=1)
                put = True
        self._wake()

    def _wake(self) -> None:
        if not self._more.is_set():
            with suppress(RuntimeError):  # the loop is closed: nobody reads any more
                self._loop.call_soon_threadsafe(self._more.set)
