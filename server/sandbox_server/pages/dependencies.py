"""Who may see a page. Every route of the pages depends on exactly one of `PageCaller`, `LinkGuest` and `Anyone`."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Path, Request

from sandbox_server.auth import Caller, caller_of_session
from sandbox_server.auth.guests import Guest, guest_of_link
from sandbox_server.operations.parts import Parts
from sandbox_server.pages.session import secret_of
from sandbox_server.wire import MOST


class LoginNeededError(Exception):
    """Nobody is logged in; `location` leads to the login and back."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.location = "/login" if wanted == "/" else f"/login?next={quote(wanted, safe='')}"


def parts_of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


async def page_caller(request: Request) -> Caller:
    """The user of this browser's login session."""
    parts = parts_of(request)
    caller = await caller_of_session(parts.store, secret_of(request), parts.clock())
    if caller is None:
        raise LoginNeededError(_here(request))
    request.state.caller = caller
    return caller


async def link_guest(request: Request, token: str) -> Guest:
    """Whom the review link in the address was made for. Raises `NotFound` and `LinkOver`; no login helps."""
    parts = parts_of(request)
    guest = await guest_of_link(parts.store, parts.sealer, token, parts.clock())
    request.state.guest = guest
    return guest


async def caller_if_any(request: Request) -> Caller | None:
    """Who is logged in on this browser. Opens nothing: it stands beside a permission."""
    parts = parts_of(request)
    return await caller_of_session(parts.store, secret_of(request), parts.clock())


async def anyone() -> None:
    """No login needed, and nothing of any app is shown."""


def _here(request: Request) -> str:
    if request.method != "GET":
        return "/"
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


Number = Annotated[int, Path(ge=1, le=MOST)]
"""In an address: of a deployment or a job."""

PartsOf = Annotated[Parts, Depends(parts_of)]
PageCaller = Annotated[Caller, Depends(page_caller)]
LinkGuest = Annotated[Guest, Depends(link_guest)]
CallerIfAny = Annotated[Caller | None, Depends(caller_if_any)]
Anyone = Annotated[None, Depends(anyone)]
