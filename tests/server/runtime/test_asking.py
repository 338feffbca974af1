"""Asking a runner whose app has changed it: whatever answers, the question is over in time."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Address

import pytest

from sandbox_server.runtime.asking import Asking

pytestmark = pytest.mark.anyio

HERE = IPv4Address("127.0.0.1")
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def runner(answer: Answer) -> AsyncIterator[Asking]:
    """Asks whatever `answer` makes of a connection."""

    ended: list[asyncio.Event] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(over := asyncio.Event())
        with suppress(ConnectionError):
            await answer(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(connected, str(HERE), 0)
    asking = Asking(server.sockets[0].getsockname()[1])
    try:
        yield asking
    finally:
        await asking.close()
        server.close()
        for one in ended:
            await one.wait()


async def ask(answer: Answer, *, method: str = "GET", body: bytes = b"", patience: float = 5) -> bytes | None:
    async with runner(answer) as asking:
        return await asking.ask(HERE, method, "/__sandbox__/x", "s3cret", body, most=1000, patience=patience)


def saying(head: str, body: bytes = b"") -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return answer


async def test_it_gets_the_answer() -> None:
    assert await ask(saying("200 OK", b"yes")) == b"yes"


async def test_it_sends_the_secret_and_the_body() -> None:
    seen = b""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen = await reader.readuntil(b"hello")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    assert await ask(answer, method="PUT", body=b"hello") == b""
    assert seen.startswith(b"PUT /__sandbox__/x HTTP/1.1\r\n")
    assert b"\r\nx-sandbox-secret: s3cret\r\n" in seen.lower()
    assert seen.endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize("head", ["404 Not Found", "500 Oops", "302 Found\r\nLocation: /elsewhere", "999 ?"])
async def test_any_other_status_is_no_answer(head: str) -> None:
    assert await ask(saying(head, b"no")) is None


async def test_what_is_packed_is_not_unpacked() -> None:
    packed = gzip.compress(bytes(10**7))
    assert await ask(saying("200 OK\r\nContent-Encoding: gzip", packed)) == packed[:1000]


async def test_nobody_there_is_no_answer() -> None:
    async with runner(saying("200 OK")) as asking:
        pass
    assert await asking.ask(HERE, "GET", "/", "s", most=9, patience=5) is None


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 500)
        await writer.drain()


async def endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x: y\r\n" * 1000)
        await writer.drain()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff garbage \r\n\r\n")


async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")


async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_an_endless_answer_is_cut() -> None:
    assert await ask(endless) == b"x" * 1000


@pytest.mark.parametrize("answer", [endless_head, garbage, breaks_off])
async def test_what_is_no_answer_is_none(answer: Answer) -> None:
    assert await ask(answer) is None


@pytest.mark.parametrize("answer", [drips, never])
async def test_patience_has_an_end(answer: Answer) -> None:
    assert await ask(answer, patience=0.2) is None
