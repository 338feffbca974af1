"""A mail server and a webhook's server, real ones, on loopback."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class PostOffice:
    """Keeps what is handed in."""

    port: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    """By address, what it is answered."""
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        self.secure.append(session.ssl is not None)
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, said: LoginPassword
    ) -> AuthResult:
        self.logins.append((said.login.decode(), said.password.decode()))
        return AuthResult(success=said.password == b"p@ss/word", handled=False)


@asynccontextmanager
async def post_office(
    tls: ssl.SSLContext | None = None, *, login: bool = False, port: int = 0
) -> AsyncIterator[PostOffice]:
    """`port`: where to be found; 0: anywhere."""
    office = PostOffice()

    def connected() -> SMTP:
        return SMTP(
            office, hostname="localhost", tls_context=tls, authenticator=office.authenticate if login else None,
            auth_require_tls=False,
        )  # fmt: skip

    async with serving(connected, port) as found:
        office.port = found
        yield office


@asynccontextmanager
async def serving(connected: Any, port: int = 0) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", port)
    async with server:
        yield server.sockets[0].getsockname()[1]


@dataclass
class Hook:
    """Keeps what is posted."""

    port: int = 0
    status: int = 200
    posted: list[dict[str, Any]] = field(default_factory=list)
    endless: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/very-secret"

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        self.posted.append(json.loads(await reader.readexactly(length)))
        size = 10**12 if self.endless else 0
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: {size}\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    server = await asyncio.start_server(made.connected, "127.0.0.1", 0)
    async with server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


@asynccontextmanager
async def silence(drip: bytes = b"") -> AsyncIterator[int]:
    """The port of a server that accepts and never answers, or a byte now and then."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not reader.at_eof():
                writer.write(drip)
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
