"""What every way out promises."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sandbox_server.domain.telling import Message


class NotSent(Exception):
    """It did not arrive. The words hold no secret: they are logged."""

    def __init__(self, words: str, *, final: bool = False, alone: bool = False) -> None:
        """`final`: trying again is of no use. `alone`: it is about this message, and others may arrive."""
        super().__init__(words)
        self.final = final
        self.alone = alone or final


@dataclass(frozen=True)
class Letter:
    """A mail to one person about one thing."""

    to: str
    """A mail address."""
    subject: str
    text: str = field(repr=False)
    """Plain; a link in it may be a secret."""
    key: str
    """Sent twice, it is known by it: part of its Message-ID."""
    at: datetime
    reply_to: str = ""
    """A mail address; empty: answers go nowhere."""


class Post(Protocol):
    """Hands letters to a mail server."""

    async def post(self, letter: Letter) -> None:
        """Returns or raises `NotSent` within a minute."""
        ...


class Way(Protocol):
    """A way to an owner."""

    name: str
    """Under which its progress is kept."""

    def reaches(self, addresses: Sequence[str]) -> bool:
        """Whether it has somewhere to go for an owner with these mail addresses."""
        ...

    async def send(self, message: Message, addresses: Sequence[str], number: int) -> None:
        """Returns or raises `NotSent` within a minute. `number` is the notice's: told twice, it is known by it."""
        ...
