"""Who may see a page. Every route of the pages depends on exactly one of `PageCaller` and `Anyone`."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Path, Request

from sandbox_server.auth import Caller, caller_of_session
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
Anyone = Annotated[None, Depends(anyone)]
