"""Mail by SMTP. The library blocks, so it works in a thread of its own, and is cut off when it takes too long."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import anyio

from sandbox_server.domain.telling import Message, body, mail_server
from sandbox_server.post.base import Letter, NotSent

_SILENCE = 15.0
"""Seconds without an answer."""

_WORDS: Mapping[type[Exception], str] = {
    ConnectionRefusedError: "nothing listens there",
    socket.gaierror: "its name leads nowhere",
    TimeoutError: "it does not answer",
    ssl.SSLCertVerificationError: "SSL: its certificate is not trusted",
    smtplib.SMTPServerDisconnected: "it hung up",
}
"""For people; anything else is told by its kind."""


class Mail:
    """Implements `Way` for notices to owners, and `Post` for letters to reviewers."""

    name = "mail"

    def __init__(
        self, url: str, sender: str, control: str, ca_bundle: Path | None = None, patience: float = 45
    ) -> None:
        """`control`: where the platform's pages are. `patience`: seconds for one mail. Raises `ValueError`."""
        self._server = mail_server(url)
        self._sender = sender or f"sandbox@{urlsplit(control).hostname}"
        self._control = control
        self._trust = ssl.create_default_context(cafile=str(ca_bundle) if ca_bundle else None)
        self._patience = patience

    def reaches(self, addresses: Sequence[str]) -> bool:
        return bool(addresses)

    async def send(self, message: Message, addresses: Sequence[str], number: int) -> None:
        mail = self._mail(
            f"[Sandbox] {message.subject}", addresses, message.at, f"notice-{number}-{message.state}"
        )
        if message.state == "settled":
            mail["In-Reply-To"] = mail["References"] = self._id(f"notice-{number}-opened")
        mail.set_content(body(message, self._control))
        await self._deliver(mail)

    async def post(self, letter: Letter) -> None:
        try:
            mail = self._mail(letter.subject, [letter.to], letter.at, letter.key)
            if letter.reply_to:
                mail["Reply-To"] = _address(letter.reply_to)
            mail.set_content(letter.text)
        except ValueError:  # the library's words name what it found, which may be a secret
            raise NotSent(
                "no mail can be made of it: an address or the subject is none", final=True
            ) from None
        await self._deliver(mail)

    def _mail(self, subject: str, addresses: Sequence[str], at: datetime, key: str) -> EmailMessage:
        """Everything but what it says. `key`: sent twice, it is known by it."""
        mail = EmailMessage()
        mail["Subject"] = subject
        mail["From"] = _one_line(self._sender)
        mail["To"] = [_address(address) for address in addresses]
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = self._id(key)
        mail["Auto-Submitted"] = "auto-generated"
        return mail

    def _id(self, key: str) -> str:
        return f"<{key}@{urlsplit(self._control).hostname}>"

    async def _deliver(self, mail: EmailMessage) -> None:
        """Raises `NotSent`."""
        client = self._client()
        try:
            # Its own limiter: the threads that everybody shares must not wait for a mail server.
            await anyio.to_thread.run_sync(
                self._hand_in, client, mail, limiter=anyio.CapacityLimiter(1), abandon_on_cancel=True
            )
        finally:
            _cut(client)

    def _hand_in(self, client: smtplib.SMTP, mail: EmailMessage) -> None:
        """Raises `NotSent`."""
        where = f"{self._server.host}:{self._server.port}"
        # The library's timeout is one of silence: a server that sends a byte now and then would hold us for ever.
        cut = threading.Timer(self._patience, _cut, [client])
        cut.daemon = True
        cut.start()
        try:
            client.connect(self._server.host, self._server.port)
            self._introduce(client)
            client.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            final = all(code >= 500 for code in codes)
            raise NotSent(f"{where} refuses the address ({codes[0]})", final=final, alone=True) from None
        except smtplib.SMTPAuthenticationError as error:
            raise NotSent(f"{where} refuses user and password ({error.smtp_code})") from None
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"{where} answers with {error.smtp_code}", alone=True) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise NotSent(f"{where} cannot be reached: {_in_words(error)}") from None
        finally:
            cut.cancel()
            with suppress(smtplib.SMTPException, OSError):
                client.quit()
            client.close()

    def _client(self) -> smtplib.SMTP:
        kind = partial(smtplib.SMTP_SSL, context=self._trust) if self._server.tls else smtplib.SMTP
        client = kind(timeout=_SILENCE)
        # The name for TLS; told to the constructor, it would connect at once, before anybody could cut it.
        vars(client)["_host"] = self._server.host
        return client

    def _introduce(self, client: smtplib.SMTP) -> None:
        client.ehlo()
        secret = self._server.tls
        if not secret and client.has_extn("starttls"):
            client.starttls(context=self._trust)
            client.ehlo()
            secret = True
        if self._server.user:
            if not (secret or _is_near(self._server.host)):
                raise NotSent(
                    f"{self._server.host} offers no TLS, and a password is not sent without: use smtps"
                )
            client.login(self._server.user, self._server.password)


def _in_words(error: Exception) -> str:
    """The library's own words may name what it was given, which may be a secret."""
    known = (word for kind, word in _WORDS.items() if isinstance(error, kind))
    return next(known, type(error).__name__)


def _cut(client: smtplib.SMTP) -> None:
    if client.sock:
        with suppress(OSError):
            client.sock.shutdown(socket.SHUT_RDWR)


def _is_near(host: str) -> bool:
    """On this machine: nobody listens on the way."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _address(address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(username=user, domain=domain)
