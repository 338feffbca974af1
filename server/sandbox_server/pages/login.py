"""Logging in with a token or a one-time link, and out again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from sandbox_server.errors import SandboxError, Unauthorized
from sandbox_server.operations.login import owner_of_link, sign_in_with_link, sign_in_with_token, sign_out
from sandbox_server.pages import session
from sandbox_server.pages.dependencies import Anyone, PageCaller, PartsOf
from sandbox_server.pages.rendering import page
from sandbox_server.pages.route import PageRoute

router = APIRouter(route_class=PageRoute)

Secret = Annotated[str, Form(max_length=200)]
Next = Annotated[str, Form(max_length=2000)]


@router.get("/login")
async def ask_token(request: Request, _: Anyone, next: str = "/") -> Response:
    return page(request, "login.html", owner=None, next=session.local_path(next), error=None)


@router.post("/login")
async def log_in_with_token(
    request: Request,
    _: Anyone,
    parts: PartsOf,
    token: Secret,
    next: Next = "/",
) -> Response:
    try:
        secret = await sign_in_with_token(parts, token.strip())
    except SandboxError as error:
        return page(
            request, "login.html", error.status, owner=None, next=session.local_path(next), error=error
        )
    return _logged_in(secret, next)


@router.get("/login/{link}")
async def ask_link(request: Request, _: Anyone, parts: PartsOf, link: str, next: str = "/") -> Response:
    """Only shows a button: mail scanners and previews open links, and this one works once."""
    owner = await owner_of_link(parts, link)
    error = (
        None
        if owner
        else Unauthorized(
            "This link was used already, or it is too old.", hint="`sandbox open --page` makes a new one."
        )
    )
    return page(
        request, "login.html", 200 if owner else 401, owner=owner, next=session.local_path(next), error=error
    )


@router.post("/login/{link}")
async def log_in_with_link(
    request: Request, _: Anyone, parts: PartsOf, link: str, next: Next = "/"
) -> Response:
    try:
        secret = await sign_in_with_link(parts, link)
    except SandboxError as error:
        return page(
            request, "login.html", error.status, owner=None, next=session.local_path(next), error=error
        )
    return _logged_in(secret, next)


@router.post("/logout")
async def log_out(request: Request, _: PageCaller, parts: PartsOf) -> Response:
    await sign_out(parts, session.secret_of(request))
    response = RedirectResponse("/login", status_code=303)
    session.forget(response)
    return response


def _logged_in(secret: str, wanted: str) -> Response:
    response = RedirectResponse(session.local_path(wanted), status_code=303)
    session.remember(response, secret)
    return response
