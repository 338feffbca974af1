"""How a build goes, told twice: every line into its log, and what happens now at the deployment."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import IO

from sandbox_server.operations.parts import Parts
from sandbox_server.store import deployments
from sandbox_server.store.logs import line

_EVERY = 0.5
"""Seconds between two looks at what happens: a build may say it hundreds of times a second."""


class Progress:
    """The `Report` of a deployment's build."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.words = ""

    def line(self, text: str) -> None:
        self._file.write(line(datetime.now(UTC), "stdout", text))

    def step(self, words: str) -> None:
        self.words = words[:200]


@asynccontextmanager
async def shown(parts: Parts, deployment_id: int, file: IO[str]) -> AsyncIterator[Progress]:
    """While this is open, the deployment's phase follows the build's steps."""
    progress = Progress(file)
    following = asyncio.create_task(_follow(parts, deployment_id, lambda: progress.words))
    try:
        yield progress
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def _follow(parts: Parts, deployment_id: int, now: Callable[[], str]) -> None:
    said = ""
    while True:
        if (words := now()) != said:
            async with parts.store.write() as tx:
                await deployments.note(tx, deployment_id, phase=words)
            said = words
        await asyncio.sleep(_EVERY)
