"""HAProxy as router: maps and servers by its socket, the same in its files, a process that outlives us."""

import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import anyio

from sandbox_server.domain.edge import (
    Change,
    ClearServer,
    DeleteEntry,
    Edge,
    Server,
    SetEntry,
    SetServer,
    Table,
)
from sandbox_server.errors import RouterUnavailable
from sandbox_server.router import commands, files, process, readings
from sandbox_server.router.base import RouterFacts
from sandbox_server.router.config import EdgeSettings, digest, map_file, render
from sandbox_server.router.socket import ask

_PATIENCE = 15.0
"""Seconds for a start or a reload; both take about 0.1 s."""
_POLL = 0.02
_ATTEMPTS = 10
"""A process that is ending is listed for a moment longer than it answers."""

_DONE = ("changed from", "no need to change", "nothing changed")
"""What `set server … addr` says in 2.6 and 3.0 when it has worked."""

K = TypeVar("K")
T = TypeVar("T")


class HAProxyRouter:
    """One HAProxy, known by its folder. Other processes may use the same folder at the same time."""

    def __init__(self, folder: Path, settings: EdgeSettings, patience: float = 30) -> None:
        """`patience`: seconds after which a proxy that runs and does not answer is ended and started anew."""
        self._folder = folder.absolute()
        self._patience = patience
        self._wish = settings
        self._limiter: anyio.CapacityLimiter | None = None
        self._turn: anyio.Lock | None = None

    async def prepare(self, wanted: Edge) -> None:
        await self.write(wanted)
        settings, user = await self._thread(self._settings), process.worker_user()
        now = await self._digest_that_runs()
        if now == digest(settings, user):
            return
        await self._thread(lambda: process.check(self._folder, settings.program))
        if now is None:
            await self._start(settings, user)
        else:
            await self._reload(settings, user)

    async def write(self, wanted: Edge) -> None:
        settings = await self._thread(self._settings)
        commands.check_edge(wanted, settings.slots, settings.servers_per_slot)
        async with self._lock():
            await self._thread(
                lambda: files.put(self._folder, render(settings, wanted, process.worker_user()))
            )

    async def read(self) -> Edge:
        worker = await self._worker()
        tables = {
            table.value: readings.entries(await ask(self._folder, f"show map {map_file(table)}", worker))
            for table in Table
        }
        servers = _read(readings.servers, await ask(self._folder, "show servers state", worker))
        return Edge(**tables, servers=servers)

    async def execute(self, changes: Iterable[Change]) -> None:
        steps = list(changes)
        commands.check_changes(steps, self._wish.slots, self._wish.servers_per_slot)
        if not steps:
            return
        workers = await self._workers()
        current = _current(workers)
        for step in steps:
            await self._apply(step, current)
            for old in workers.old:
                await self._apply_to_old(step, old)

    async def sessions(self) -> dict[Server, int]:
        return dict(await self._sum("show stat -1 4 -1", readings.sessions))

    async def left_over(self) -> dict[Server, int]:
        return dict(await self._sum("show stat -1 4 -1", readings.sessions, lambda workers: workers.old))

    async def visits(self) -> dict[str, int]:
        return dict(await self._sum("show table visits", readings.visits))

    async def requests(self) -> dict[str, tuple[int, int]]:
        all_of_them = await self._sum("show stat -1 2 -1", readings.requests)
        own = await self._sum("show table visits", readings.visited)
        waited = await self._sum("show table waits", readings.waited)
        return readings.without(all_of_them, own + waited)

    async def facts(self) -> RouterFacts:
        try:
            info = await ask(self._folder, "show info", await self._worker())
        except RouterUnavailable as error:
            return RouterFacts(
                "HAProxy", await self._thread(self._version), healthy=False, notes=(error.message,)
            )
        return RouterFacts("HAProxy", readings.field(info, "Version"), healthy=True)

    async def shutdown(self) -> None:
        """End the HAProxy of this folder with all its connections; there may be none."""
        pid = process.running(self._folder)
        if pid is None:
            return
        process.end(pid)
        if not await self._until(self._gone, patience=5):
            process.end(pid, hard=True)
            await self._until(self._gone, patience=5)

    async def _start(self, settings: EdgeSettings, user: str) -> None:
        # One that does not answer and yet runs would hold the port.
        await self.shutdown()
        offset = process.log_size(self._folder)
        started = await self._thread(lambda: process.start(self._folder, settings.program))

        async def settled() -> bool:
            return started.returncode is not None or await self._digest() == digest(settings, user)

        if not await self._until(settled) or started.returncode is not None:
            await self.shutdown()
            raise process.why(self._folder, offset, settings)

    async def _reload(self, settings: EdgeSettings, user: str) -> None:
        offset, failed = process.log_size(self._folder), (await self._workers()).failed
        with contextlib.suppress(RouterUnavailable):  # it may begin anew before it has answered
            await ask(self._folder, "reload")

        async def settled() -> bool:
            if await self._digest() == digest(settings, user):
                return True
            try:
                return (await self._workers()).failed > failed
            except RouterUnavailable:  # between two lives
                return False

        if not await self._until(settled) or await self._digest() != digest(settings, user):
            raise process.why(self._folder, offset, settings)

    async def _apply(self, step: Change, worker: int) -> None:
        for line in commands.commands(step):
            answer = await ask(self._folder, line, worker)
            if isinstance(step, SetEntry) and "entry not found" in answer:
                answer = await ask(self._folder, commands.added(step), worker)
            if not _accepted(step, answer):
                raise RouterUnavailable(f"HAProxy refused {line!r}: {answer}")

    async def _apply_to_old(self, step: Change, worker: int) -> None:
        # A connection kept alive over a reload brings one more request to the old process, which must not go
        # where nobody is any more. The process may end at any moment, so its refusal means nothing.
        try:
            await self._apply(step, worker)
        except RouterUnavailable:
            return

    async def _sum(
        self,
        command: str,
        reading: Callable[[str], Counter[K]],
        of: Callable[[readings.Workers], list[int]] = lambda workers: workers.all,
    ) -> Counter[K]:
        """The reading over these processes; one that ended while we asked has nothing left to count."""
        for attempt in range(_ATTEMPTS):
            total: Counter[K] = Counter()
            try:
                for worker in of(await self._workers()):
                    total += _read(reading, await ask(self._folder, command, worker))
                return total
            except RouterUnavailable:
                if attempt == _ATTEMPTS - 1:
                    raise
            await anyio.sleep(_POLL)
        raise AssertionError("unreachable")

    async def _gone(self) -> bool:
        return process.running(self._folder) is None

    async def _worker(self) -> int:
        return _current(await self._workers())

    async def _workers(self) -> readings.Workers:
        return _read(readings.workers, await ask(self._folder, "show proc"))

    async def _digest(self) -> str | None:
        """Of the configuration that runs; None if nothing answers."""
        try:
            return readings.field(await ask(self._folder, "show info", await self._worker()), "description")
        except RouterUnavailable:
            return None

    async def _digest_that_runs(self) -> str | None:
        """Ends no proxy for being slow to answer: it holds everybody's sessions."""

        async def settled() -> bool:
            return await self._digest() is not None or process.running(self._folder) is None

        await self._until(settled, self._patience)
        return await self._digest()

    def _settings(self) -> EdgeSettings:
        return replace(
            self._wish,
            max_connections=process.affordable(self._wish),
            version=process.version(self._wish.program),
        )

    def _version(self) -> str:
        try:
            return process.version(self._wish.program)
        except RouterUnavailable as error:
            return error.message

    def _lock(self) -> anyio.Lock:
        self._turn = self._turn or anyio.Lock()
        return self._turn

    async def _thread(self, work: Callable[[], T]) -> T:
        self._limiter = self._limiter or anyio.CapacityLimiter(2)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)

    async def _until(self, condition: Callable[[], Awaitable[bool]], patience: float = _PATIENCE) -> bool:
        with anyio.move_on_after(patience):
            while not await condition():  # noqa: ASYNC110 - nobody tells us
                await anyio.sleep(_POLL)
            return True
        return False


def _current(workers: readings.Workers) -> int:
    if not workers.current:
        raise RouterUnavailable("HAProxy has no process that serves.")
    return workers.current[0]


def _read(reading: Callable[[str], T], text: str) -> T:
    try:
        return reading(text)
    except (ValueError, KeyError) as error:
        raise RouterUnavailable(f"HAProxy's answer cannot be read: {error}") from error


def _accepted(step: Change, answer: str) -> bool:
    match step:
        case SetEntry():
            return not answer
        case DeleteEntry():
            return not answer or "not found" in answer
        case SetServer() | ClearServer():
            return not answer or any(word in answer for word in _DONE)
