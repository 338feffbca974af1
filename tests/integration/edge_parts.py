"""A real HAProxy with small real apps behind it."""

import asyncio
import base64
import contextlib
import hashlib
import json
import random
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import httpx

from sandbox_server.domain.edge import APP_PORT, Backend, Edge, Mode, Server, changes
from sandbox_server.router import EdgeSettings, HAProxyRouter

RELEASE = "sales.apps.localhost"
OTHER = "other.apps.localhost"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def random_address() -> IPv4Address:
    return IPv4Address(f"127.{random.randint(16, 250)}.{random.randint(0, 255)}.{random.randint(1, 254)}")


@dataclass
class App:
    """Answers every request with what it got, as JSON, and echoes WebSocket messages with its name."""

    name: str
    address: str
    port: int = APP_PORT
    answer_headers: list[tuple[str, str]] = field(default_factory=list)
    delay: float = 0
    requests: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, self.address, self.port)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = [
            (name.lower(), value.strip())
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        ]
        self.requests += 1
        named = dict(headers)
        if named.get("upgrade", "").lower() == "websocket":
            await self._websocket(named["sec-websocket-key"], reader, writer)
            return False
        body = await _body(reader, named)
        await asyncio.sleep(self.delay)
        said = {"app": self.name, "method": method, "target": target, "headers": headers, "body": body}
        self._answer(writer, json.dumps(said).encode(), with_body=method != "HEAD")
        await writer.drain()
        return True

    def _answer(self, writer: asyncio.StreamWriter, body: bytes, *, with_body: bool) -> None:
        lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}"]
        if not any(name.lower() == "content-type" for name, _ in self.answer_headers):
            lines.append("Content-Type: text/html; charset=utf-8")
        lines += [f"{name}: {value}" for name, value in self.answer_headers]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body if with_body else b""))

    async def _websocket(self, key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
        writer.write(
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        while True:
            first, second = await reader.readexactly(2)
            mask = await reader.readexactly(4)
            data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(await reader.readexactly(second & 0x7F)))
            if first & 0x0F == 8:
                writer.write(struct.pack("!BB", 0x88, len(data)) + data)
                await writer.drain()
                return
            if first & 0x0F == 9:
                writer.write(struct.pack("!BB", 0x8A, len(data)) + data)
                continue
            reply = f"{self.name}:".encode() + data
            writer.write(struct.pack("!BB", 0x81, len(reply)) + reply)
            await writer.drain()


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> int:
    """Reads it; how many bytes it has."""
    if "content-length" in headers:
        return len(await reader.readexactly(int(headers["content-length"])))
    if headers.get("transfer-encoding") != "chunked":
        return 0
    total = 0
    while size := int(await reader.readline(), 16):
        total += len(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return total


@dataclass
class Kit:
    """The edge of one test: HAProxy on a port of its own, apps on loopback addresses of their own."""

    router: HAProxyRouter
    settings: EdgeSettings
    folder: Path
    control: App
    waker: App
    wanted: Edge = field(default_factory=Edge)
    apps: list[App] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.settings.port

    async def app(self, name: str) -> App:
        app = App(name, str(random_address()))
        await app.start()
        self.apps.append(app)
        return app

    async def go(self, wanted: Edge) -> None:
        """As reconcile does: files first, then the difference."""
        await self.router.write(wanted)
        await self.router.execute(changes(await self.router.read(), wanted))
        self.wanted = wanted

    async def get(self, host: str, path: str = "/", method: str = "GET", **headers: str) -> httpx.Response:
        """A request with exactly these headers; `_` in a name stands for `-`."""
        return await self.send(
            host, path, [(name.replace("_", "-"), value) for name, value in headers.items()], method
        )

    async def send(
        self, host: str, path: str = "/", headers: list[tuple[str, str]] | None = None, method: str = "GET"
    ) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False, timeout=20, headers={"Accept": "*/*"}) as client:
            sent = [("Host", host), *(headers or [])]
            return await client.request(method, f"http://127.0.0.1:{self.port}{path}", headers=sent)

    async def raw(self, data: bytes) -> tuple[int, bytes]:
        """Bytes as they are; the answer's status and head, with its body if that is there at once."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        await writer.drain()
        try:
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 15)
            return int(answer.split(b" ")[1]), answer + await asyncio.wait_for(reader.read(65536), 5)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def up(app: App) -> Backend:
    return Backend(IPv4Address(app.address), Mode.up)


def drain(app: App) -> Backend:
    return Backend(IPv4Address(app.address), Mode.drain)


@contextlib.asynccontextmanager
async def kit(folder: Path, **changed: Any) -> AsyncIterator[Kit]:
    control, waker = App("control", "127.0.0.1", free_port()), App("waker", "127.0.0.1", free_port())
    await control.start()
    await waker.start()
    settings = EdgeSettings(
        **{
            "port": free_port(),
            "control": f"127.0.0.1:{control.port}",
            "waker": f"127.0.0.1:{waker.port}",
            "slots": 16,
            "servers_per_slot": 4,
            "max_connections": 500,
            **changed,
        }
    )
    router = HAProxyRouter(folder, settings)
    made = Kit(router, settings, folder, control, waker)
    try:
        await router.prepare(Edge())
        yield made
    finally:
        await router.shutdown()
        for app in [control, waker, *made.apps]:
            await app.stop()


async def released(made: Kit) -> tuple[App, App]:
    """One app, released as d1 and pushed as d2; another app as d7."""
    one, two, other = await made.app("d1"), await made.app("d2"), await made.app("other")
    await made.go(
        Edge(
            routes={
                RELEASE: "slot1",
                f"d2--{RELEASE}": "slot2",
                OTHER: "slot3",
                "asleep.apps.localhost": "waker",
            },
            pins={f"{RELEASE}|d1-aaaaaaaa": "slot1", f"{OTHER}|d7-cccccccc": "slot3"},
            workers={f"{RELEASE}|w1": "slot1/s1", f"d2--{RELEASE}|w2": "slot2/s1", f"{OTHER}|w7": "slot3/s1"},
            labels={"slot1": "d1-aaaaaaaa", "slot2": "d2-bbbbbbbb", "slot3": "d7-cccccccc"},
            servers={Server("slot1", 1): up(one), Server("slot2", 1): up(two), Server("slot3", 1): up(other)},
        )
    )
    return one, two


def app_of(answer: httpx.Response) -> str:
    name: str = answer.json()["app"]
    return name


def seen(answer: httpx.Response) -> dict[str, str]:
    """The headers that the app got."""
    return dict(answer.json()["headers"])
