"""Who may call a route. Every route depends on exactly one of `Member` and `Anyone`."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from sandbox_server.auth import Caller, caller_of_token
from sandbox_server.errors import Forbidden, Unauthorized
from sandbox_server.operations.parts import Parts
from sandbox_server.wire import MOST


def parts_of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


PartsOf = Annotated[Parts, Depends(parts_of)]


async def member(request: Request, parts: PartsOf) -> Caller:
    """The user of the bearer token. Raises `Unauthorized`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("This needs a token.")
    origin = request.headers.get("origin")
    if origin is not None and origin != parts.settings.control_url:
        raise Forbidden("Requests from another site are refused.", "Call the API from your own machine.")
    caller = await caller_of_token(parts.store, token.strip(), parts.clock())
    if caller is None:
        raise Unauthorized("This token is not valid, or it has expired.")
    return caller


def anyone() -> None:
    """Declares that a route needs no login."""


Number = Annotated[int, Path(ge=1, le=MOST)]
"""In an address: of a deployment or a job."""

MaybeNumber = Annotated[int | None, Query(ge=0, le=MOST)]
Limit = Annotated[int, Query(ge=1, le=1000)]

Member = Annotated[Caller, Depends(member)]
Anyone = Annotated[None, Depends(anyone)]
