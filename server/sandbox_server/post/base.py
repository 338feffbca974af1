"""What every way out promises."""

from collections.abc import Sequence
from typing import Protocol

from sandbox_server.domain.telling import Message


class NotSent(Exception):
    """It did not arrive. The words hold no secret: they are logged."""

    def __init__(self, words: str, *, final: bool = False, alone: bool = False) -> None:
        """`final`: trying again is of no use. `alone`: it is about this message, and others may arrive."""
        super().__init__(words)
        self.final = final
        self.alone = alone or final


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
