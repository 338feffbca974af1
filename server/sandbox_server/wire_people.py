"""What goes over the wire about people: who is calling, tokens and logins."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from sandbox_server.wire import Request, Wire


class Limits(Wire):
    """What this server accepts, so that nobody packs and sends more in vain."""

    bundle: int
    """Bytes packed; no single file may have more either."""
    unpacked: int
    """Bytes."""
    files: int
    """Files and folders."""


class Me(Wire):
    user: str
    admin: bool
    version: str
    url: str
    """The control plane's public address."""
    limits: Limits | None = None


def _token_name(name: str) -> str:
    """It is printed in lists, and part of an address when the token is removed."""
    if not re.fullmatch(r"\w([\w .:@+-]*\w)?", name):
        raise PydanticCustomError(
            "token_name", "Use letters, digits, spaces and . : @ + - _, with a letter or digit at both ends"
        )
    return name


TokenName = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_token_name)]


class TokenRequest(Request):
    name: TokenName
    days: int | None = Field(default=None, ge=1, le=3650)


class Token(Wire):
    name: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    token: str | None = None
    """Only in the answer to its creation."""


class LoginLink(Wire):
    url: str
    expires_at: datetime
