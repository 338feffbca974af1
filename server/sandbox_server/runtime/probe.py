"""Asking an app for its first page, with as little as possible: this is on the way of every deploy."""

from contextlib import suppress
from ipaddress import IPv4Address

import anyio
from anyio.abc import ByteReceiveStream

PORT = 3838
"""Every instance listens here, at its own address."""

_PATIENCE = 5
_SHORT_PATIENCE = 1
_LONGEST_STATUS = 4096
_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: SandboxProbe/1\r\nConnection: close\r\n\r\n"


async def probe(address: IPv4Address) -> int | None:
    """The HTTP status of `GET /`, as soon as it is known; None if nothing answers within 5 s."""
    with (
        anyio.move_on_after(_PATIENCE),
        suppress(OSError, ValueError, IndexError, anyio.EndOfStream, anyio.BrokenResourceError),
    ):
        async with await anyio.connect_tcp(str(address), PORT) as connection:
            await connection.send(_REQUEST)
            return await _status(connection)
    return None


async def listens(address: IPv4Address) -> bool:
    """Whether a connection is taken there, answered or not."""
    with anyio.move_on_after(_SHORT_PATIENCE), suppress(OSError):
        async with await anyio.connect_tcp(str(address), PORT):
            return True
    return False


async def _status(connection: ByteReceiveStream) -> int:
    head = b""
    while b"\r\n" not in head and len(head) < _LONGEST_STATUS:
        head += await connection.receive()
    return int(head.split()[1])
