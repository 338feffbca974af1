"""One installation of packages in a builder container: watched, told about line by line, and cleaned up."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
import anyio.to_thread
from docker import APIClient

from sandbox_server.builder.engine import Engine, commit, create, discard
from sandbox_server.builder.lines import Lines
from sandbox_server.builder.narrator import Narrator
from sandbox_server.builder.recipe import BuildLimits, Labels
from sandbox_server.domain.build_trouble import explain, meanwhile
from sandbox_server.errors import BuildFailed, RuntimeUnavailable, SandboxError, StorageFull

Taken = TypeVar("Taken")

_OUT_OF_MEMORY = 137
_FULL = 0.95
_PATIENCE = 2
"""Looks in a row at which the processes were at their limit."""


class Installation:
    """A builder container, from its creation to its removal, which a cancelled caller gets too."""

    def __init__(
        self,
        engine: Engine,
        request: dict[str, Any],
        limits: BuildLimits,
        narrator: Narrator,
        fill: Callable[[APIClient, str], None],
    ) -> None:
        """`fill` puts files into the container before it starts; it is called in a thread."""
        self._engine = engine
        self._request = request
        self._limits = limits
        self._narrator = narrator
        self._fill = fill
        self._lines = Lines(narrator.line, limits.log)
        self._container = ""
        self._root = Path()
        self._crowded = 0
        self._ended_because: SandboxError | None = None

    async def __aenter__(self) -> Self:
        making = asyncio.create_task(self._engine.call(self._create))
        try:
            await asyncio.shield(making)
        except BaseException:
            # The thread still makes the container of a caller that is cancelled.
            with suppress(RuntimeUnavailable):
                await _undisturbed(self._discard_made(making))
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        await _undisturbed(self._discard())

    async def run(self) -> None:
        """Install. Raises `BuildFailed` with the end of the failed step's own log, and `StorageFull`."""
        watch = asyncio.create_task(self._watch())
        try:
            await self._engine.stream(self._follow)
            state = await self._engine.call(lambda client: client.inspect_container(self._container)["State"])
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
        await self._lines.delivered()
        await self._judge(state)

    async def take(self, work: Callable[[APIClient, str], Taken]) -> Taken:
        """Take something out of the container, which has ended. `work` is called in a thread."""
        return await self._engine.call(lambda client: work(client, self._container))

    async def commit(self, repository: str, labels: Labels) -> str:
        config = {"Cmd": ["true"], "Labels": labels}
        return await self._engine.call(lambda client: commit(client, self._container, repository, config))

    def _create(self, client: APIClient) -> None:
        self._root = Path(client.info()["DockerRootDir"])
        self._container = create(client, self._request)
        self._fill(client, self._container)

    async def _discard_made(self, making: asyncio.Task[None]) -> None:
        await asyncio.wait([making])
        await self._discard()

    async def _discard(self) -> None:
        if self._container:
            await self._engine.call(lambda client: discard(client, self._container))

    def _follow(self, client: APIClient) -> None:
        # Attached before the start: the engine keeps no log of it.
        output = client.attach(self._container, stdout=True, stderr=True, stream=True, logs=False)
        client.start(self._container)
        for chunk in output:
            self._lines.feed(chunk)
        self._lines.end()
        client.wait(self._container)

    async def _watch(self) -> None:
        deadline = anyio.current_time() + self._limits.timeout
        took = 0.0
        while not self._ended_because:
            # The engine counts every file of a large layer: looking must not be what the build waits for.
            await anyio.sleep(min(max(1, 4 * took), 4))
            began = anyio.current_time()
            with suppress(RuntimeUnavailable):
                await self._look(deadline)
            took = anyio.current_time() - began

    async def _look(self, deadline: float) -> None:
        limits = self._limits
        if anyio.current_time() > deadline:
            await self._kill(self._too_much(f"took longer than {limits.timeout:.0f} seconds", "TIMEOUT"))
        elif self._lines.overflown:
            await self._kill(self._too_much(f"printed more than {_shown(limits.log)}", "LOG"))
        elif _free(self._root) < limits.reserve:
            words = "the server's disk became nearly full, and the build was ended"
            hint = "Free disk space on the server, then push again."
            await self._kill(StorageFull(meanwhile(self._narrator.step, words), hint, self._narrator.tail))
        else:
            # Both take the engine a while: one after the other would notice too late.
            running, written = await asyncio.gather(
                self._engine.call(self._processes), self._engine.call(self._written)
            )
            self._crowded = self._crowded + 1 if running >= _FULL * limits.pids else 0
            if self._crowded >= _PATIENCE:
                await self._kill(self._too_much(f"started more processes than {limits.pids}", "PIDS"))
            elif written > limits.layer:
                await self._kill(self._too_much(f"wrote more than {_shown(limits.layer)}", "DISK"))

    async def _kill(self, reason: SandboxError) -> None:
        self._ended_because = reason
        try:
            await self._engine.call(lambda client: client.kill(self._container))
        except RuntimeUnavailable:
            self._ended_because = None  # it had just ended by itself
            raise

    def _written(self, client: APIClient) -> int:
        found = client.containers(all=True, size=True, filters={"id": self._container})
        return found[0].get("SizeRw", 0) if found else 0

    def _processes(self, client: APIClient) -> int:
        said: dict[str, Any] = client.stats(self._container, stream=False, one_shot=True)
        return said.get("pids_stats", {}).get("current", 0) or 0

    async def _judge(self, state: dict[str, Any]) -> None:
        code, narrator = state["ExitCode"], self._narrator
        if self._ended_because:
            raise self._ended_because
        if code == 0:
            return
        if state["OOMKilled"] or _OUT_OF_MEMORY in (code, narrator.status):
            raise self._too_much(f"needed more than {_shown(self._limits.memory)} of memory", "MEMORY")
        message, hint = await anyio.to_thread.run_sync(explain, narrator.step, narrator.lines)
        raise BuildFailed(message, hint, narrator.tail)

    def _too_much(self, words: str, setting: str) -> BuildFailed:
        hint = (
            f"If that is what it needs, the administrator can raise SANDBOX_BUILD_{setting}. "
            "See `sandbox logs --build`."
        )
        return BuildFailed(meanwhile(self._narrator.step, f"the build {words}"), hint, self._narrator.tail)


async def _undisturbed(work: Coroutine[Any, Any, None]) -> None:
    """Do all of `work`, however often the caller is cancelled meanwhile; then let that have its way."""
    task, cancelled = asyncio.create_task(work), False
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError


def _shown(size: int) -> str:
    return f"{size / 1024**3:.3g} GiB" if size >= 1024**3 else f"{size / 1024**2:.3g} MiB"


def _free(root: Path) -> float:
    """Bytes; no limit is known where the engine's disk is not this machine's."""
    return shutil.disk_usage(root).free if root.exists() else float("inf")
