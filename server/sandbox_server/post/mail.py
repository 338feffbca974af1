"""Mail by SMTP. The library blocks, so it works in a thread of its own, and is cut off when it takes too long."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import anyio

from sandbox_server.domain.telling import Message, body, mail_server
from sandbox_server.post.base import NotSent

_SILENCE = 15.0
"""Seconds without an answer."""


class Mail:
    """Implements `Way`."""

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
        mail = self._mail(message, addresses, number)
        client = self._client()
        try:
            # Its own limiter: the threads that everybody shares must not wait for a mail server.
            await anyio.to_thread.run_sync(
                self._hand_in, client, mail, limiter=anyio.CapacityLimiter(1), abandon_on_cancel=True
            )
        finally:
            _cut(client)

    def _mail(self, message: Message, addresses: Sequence[str], number: int) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = f"[Sandbox] {message.subject}"
        mail["From"] = _from(self._sender)
        mail["To"] = [_address(address) for address in addresses]
        mail["Date"] = format_datetime(message.at)
        mail["Message-ID"] = self._id(number, message.state)
        if message.state == "settled":
            mail["In-Reply-To"] = mail["References"] = self._id(number, "opened")
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(body(message, self._control))
        return mail

    def _id(self, number: int, state: str) -> str:
        return f"<notice-{number}-{state}@{urlsplit(self._control).hostname}>"

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
            raise NotSent(f"{where} cannot be reached: {type(error).__name__}") from None
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


def _from(sender: str) -> str:
    return " ".join(sender.split())


def _address(address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(username=user, domain=domain)
