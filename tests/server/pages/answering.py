"""An app behind the instance of a platform in memory: it says what it was asked."""

import asyncio
from types import TracebackType
from typing import Self

from tests.server.platform import Platform

from sandbox_server.domain.edge import APP_PORT


class Answering:
    """Listens at the addresses that the next instances will have."""

    def __init__(self, platform: Platform) -> None:
        self.headers: dict[str, str] = {}
        """Of its answers."""
        self.asked: dict[str, str] = {}
        """Headers of the last request, by their names in small letters."""
        self._subnet = platform.parts.subnet
        self._servers: list[asyncio.Server] = []

    async def __aenter__(self) -> Self:
        assert self._subnet is not None
        for host in range(2, 10):
            address = str(self._subnet[host])
            self._servers.append(await asyncio.start_server(self._answer, address, APP_PORT))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        self.asked = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
        body = first.rpartition(" ")[0]
        own = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{own}\r\n{body}".encode())
        await writer.drain()
        writer.close()
