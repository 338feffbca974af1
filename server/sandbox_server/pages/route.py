"""What holds for every page: errors are pages too, changes come from our own forms, headers are strict."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from sandbox_server.errors import BadRequest, Forbidden, SandboxError
from sandbox_server.pages.dependencies import LoginNeededError, parts_of
from sandbox_server.pages.errors import error_page, no_such_page, unexpected

log = logging.getLogger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: with it browsers send `Origin: null` from our own forms.
    "Referrer-Policy": "same-origin",
}


class PageRoute(APIRoute):
    """A route that answers with a page whatever happens."""

    def get_route_handler(self) -> Handler:
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            response = await _answer(inner, request)
            response.headers.update(HEADERS)
            return response

        return handler


def same_origin(request: Request, url: str) -> bool:
    """Did the page that sends this come from `url`? An absent header is a no."""
    return request.headers.get("origin", "") == _origin(url)


async def _answer(inner: Handler, request: Request) -> Response:
    try:
        _check_origin(request)
        return await inner(request)
    except LoginNeededError as needed:
        return RedirectResponse(needed.location, status_code=303)
    except RequestValidationError as wrong:
        return error_page(request, _wrong(wrong))
    except SandboxError as error:
        return error_page(request, error)
    except HTTPException:
        raise
    except Exception:
        # The route, not the address: in that of a login link stands its secret.
        log.exception("page %s failed", request.scope["route"].path)
        return error_page(request, unexpected())


def _check_origin(request: Request) -> None:
    if request.method in {"GET", "HEAD"} or same_origin(request, parts_of(request).settings.control_url):
        return
    raise Forbidden(
        "This request did not come from a page of this server.", hint="Open the page again and repeat it."
    )


def _wrong(error: RequestValidationError) -> SandboxError:
    if any(item["loc"][0] == "path" for item in error.errors()):
        return no_such_page()
    return BadRequest("The form was not filled in as expected.", hint="Go back and try again.")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
