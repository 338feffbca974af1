"""One installation of packages in a builder container: watched, told about line by line, and cleaned up."""

import asyncio
import io
import shutil
import tarfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
from docker import APIClient

from sandbox_server.builder import recipe
from sandbox_server.builder.base import LogSink
from sandbox_server.builder.engine import Engine, commit, create, discard
from sandbox_server.builder.lines import Lines
from sandbox_server.builder.recipe import BuildLimits, Labels
from sandbox_server.errors import BuildFailed, RuntimeUnavailable

_MIRROR_AWAY = 75
_OUT_OF_MEMORY = 137


class Installation:
    """A builder container, from its creation to its removal, which a cancelled caller gets too."""

    def __init__(self, engine: Engine, request: dict[str, Any], limits: BuildLimits, log: LogSink) -> None:
        self._engine = engine
        self._request = request
        self._limits = limits
        self._lines = Lines(log, limits.log)
        self._container = ""
        self._root = Path()
        self._ended_because = ""

    async def __aenter__(self) -> Self:
        making = asyncio.create_task(self._engine.call(self._create))
        try:
            await asyncio.shield(making)
        except BaseException:
            # A cancelled caller gets its error at once, while the thread still makes the container.
            await asyncio.wait([making])
            await self._discard()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        await self._discard()

    async def run(self) -> None:
        """Install. Raises `BuildFailed` with the end of the log."""
        watch = asyncio.create_task(self._watch())
        try:
            await self._engine.call(lambda client: client.start(self._container))
            await self._engine.stream(self._follow)
            state = await self._engine.call(lambda client: client.inspect_container(self._container)["State"])
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
        self._judge(state)

    async def commit(self, repository: str, labels: Labels) -> str:
        config = {"Cmd": ["true"], "Labels": labels}
        return await self._engine.call(lambda client: commit(client, self._container, repository, config))

    def _create(self, client: APIClient) -> None:
        self._root = Path(client.info()["DockerRootDir"])
        self._container = create(client, self._request)
        client.put_archive(self._container, "/", _install_script())

    async def _discard(self) -> None:
        if self._container:
            with anyio.CancelScope(shield=True):
                await self._engine.call(lambda client: discard(client, self._container))

    def _follow(self, client: APIClient) -> None:
        for chunk in client.logs(self._container, stream=True, follow=True):
            self._lines.feed(chunk)

    async def _watch(self) -> None:
        deadline = anyio.current_time() + self._limits.timeout
        while not self._ended_because:
            await anyio.sleep(1)
            with suppress(RuntimeUnavailable):
                await self._look(deadline)

    async def _look(self, deadline: float) -> None:
        written = await self._engine.call(self._written)
        if anyio.current_time() > deadline:
            reason = f"The installation took longer than {self._limits.timeout:.0f} seconds."
        elif written > self._limits.layer:
            reason = f"The packages take more than {self._limits.layer // 1024**2} MiB."
        elif _free(self._root) < self._limits.reserve:
            reason = "The server's disk is nearly full."
        elif self._lines.overflown:
            reason = "The installation printed too much."
        else:
            return
        await self._kill(reason)

    async def _kill(self, reason: str) -> None:
        self._ended_because = reason
        try:
            await self._engine.call(lambda client: client.kill(self._container))
        except RuntimeUnavailable:
            self._ended_because = ""  # it had just ended by itself
            raise

    def _written(self, client: APIClient) -> int:
        found = client.containers(all=True, size=True, filters={"id": self._container})
        return found[0].get("SizeRw", 0) if found else 0

    def _judge(self, state: dict[str, Any]) -> None:
        code, tail = state["ExitCode"], self._lines.tail
        if self._ended_because:
            raise BuildFailed(self._ended_because, detail=tail)
        if state["OOMKilled"] or code == _OUT_OF_MEMORY:
            limit = self._limits.memory // 1024**2
            raise BuildFailed(f"The installation needs more than {limit} MiB of memory.", detail=tail)
        if code == _MIRROR_AWAY:
            raise BuildFailed(
                "Debian's packages cannot be reached from the server.",
                "Check the server's network, or set SANDBOX_MIRROR and make a new base; then push again.",
                detail=tail,
            )
        if code != 0:
            raise BuildFailed("Packages could not be installed.", detail=tail)


def _free(root: Path) -> float:
    """Bytes; no limit is known where the engine's disk is not this machine's."""
    return shutil.disk_usage(root).free if root.exists() else float("inf")


def _install_script() -> bytes:
    data = recipe.read("install.sh").encode()
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        info = tarfile.TarInfo(f"{recipe.OURS}/install.sh")
        info.size, info.mode = len(data), 0o755
        tar.addfile(info, io.BytesIO(data))
    return file.getvalue()
