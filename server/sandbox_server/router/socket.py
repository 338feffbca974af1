"""One question to the proxy's master process, one answer."""

import os
from pathlib import Path

import anyio

from sandbox_server.errors import RouterUnavailable

MASTER = "master.sock"
_PATIENCE = 5.0
"""Seconds for an answer; the longest one takes some 20 ms."""


async def ask(folder: Path, command: str, worker: int | None = None) -> str:
    """The answer of the master, or of one of its workers by process id, without surrounding empty lines.

    Raises `RouterUnavailable` if nobody answers in time.
    """
    line = command if worker is None else f"@!{worker} {command}"
    try:
        with anyio.fail_after(_PATIENCE):
            return (await _exchange(folder, line)).strip()
    except (OSError, TimeoutError, anyio.BrokenResourceError) as error:
        raise RouterUnavailable(f"HAProxy does not answer: {error or 'no answer in time'}.") from error


async def _exchange(folder: Path, line: str) -> str:
    # A socket's path holds 107 characters, a home folder may have more: go through a descriptor of it.
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        stream = await anyio.connect_unix(f"/proc/self/fd/{descriptor}/{MASTER}")
    finally:
        os.close(descriptor)
    async with stream:
        await stream.send(line.encode() + b"\n")
        await stream.send_eof()
        parts: list[bytes] = []
        try:
            while True:
                parts.append(await stream.receive())
        except anyio.EndOfStream:
            return b"".join(parts).decode(errors="replace")
