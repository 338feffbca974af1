"""The signed part of a review link: whose it is, for what, until when. Pure.

A token is `<id>.<signature>`. It is made again from the row and compared as a whole, so no other text can stand for it:
not one with a bit changed, and not another spelling of the same bytes.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox_server.wire import MOST

State = Literal["open", "expired", "revoked"]

Sign = Callable[[str], str]
"""A keyed hash as text that only this server can make, such as `Sealer.derive`."""

_TOKEN = re.compile(r"([1-9][0-9]{0,9})\.[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True)
class Link:
    """Everything that the signature holds together."""

    id: int
    app_id: int
    branch_id: int
    email: str
    expires_at: datetime
    nonce: str

    def token(self, sign: Sign) -> str:
        said = (self.app_id, self.branch_id, self.email, self.expires_at.timestamp(), self.nonce)
        return f"{self.id}.{sign(f'review {self.id} {said!r}')}"

    def is_token(self, given: str, sign: Sign) -> bool:
        return hmac.compare_digest(given.encode(), self.token(sign).encode())


def id_in(token: str) -> int | None:
    """Which link it claims to be; None if it can be none."""
    match = _TOKEN.fullmatch(token)
    number = int(match[1]) if match else 0
    return number if 0 < number <= MOST else None


def state(expires_at: datetime, revoked_at: datetime | None, now: datetime) -> State:
    """Only an open link is of use."""
    if revoked_at is not None:
        return "revoked"
    return "open" if now < expires_at else "expired"
