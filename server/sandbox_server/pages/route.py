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
from sandbox_server.wire import is_storable

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
    # Who opens one of our pages in a window gets no hold of it, and neither does what our pages open.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), serial=(), usb=()"
    ),
}


class PageRoute(APIRoute):
    """A route that answers with a page whatever happens."""

    def get_route_handler(self) -> Handler:
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            response = await _answer(inner, request, self)
            for name, value in self.headers(request).items():
                # What a picture says of itself is stricter, and stays.
                response.headers.setdefault(name, value)
            return response

        return handler

    cleans_forms = False
    """What cannot be kept is taken out of texts, where somebody without an account writes; else it is refused."""

    def tell(self, request: Request, error: SandboxError) -> Response:
        """What went wrong, as an answer."""
        return error_page(request, error)

    def headers(self, request: Request) -> dict[str, str]:  # noqa: ARG002 - others look at it
        return HEADERS


def same_origin(request: Request, url: str) -> bool:
    """Did the page that sends this come from `url`? An absent header is a no."""
    return request.headers.get("origin", "") == _origin(url)


async def _answer(inner: Handler, request: Request, route: PageRoute) -> Response:
    try:
        _check_origin(request)
        if not route.cleans_forms:
            await _check_form(request)
        return await inner(request)
    except LoginNeededError as needed:
        return RedirectResponse(needed.location, status_code=303)
    except RequestValidationError as wrong:
        return route.tell(request, _wrong(wrong))
    except SandboxError as error:
        return route.tell(request, error)
    except HTTPException as wrong:
        if wrong.status_code != 400:
            raise
        return route.tell(request, _no_form())
    except Exception:
        # The route, not the address: in that of a login link or of a review stands its secret.
        log.exception("page %s failed", request.scope["route"].path)
        return route.tell(request, unexpected())


def _check_origin(request: Request) -> None:
    if request.method in {"GET", "HEAD"} or same_origin(request, parts_of(request).settings.control_url):
        return
    raise Forbidden(
        "This request did not come from a page of this server.", hint="Open the page again and repeat it."
    )


async def _check_form(request: Request) -> None:
    """Raises `BadRequest` for texts that no database keeps."""
    if request.method == "POST" and not all(is_storable(one) for one in (await request.form()).values()):
        raise _no_form()


def _wrong(error: RequestValidationError) -> SandboxError:
    if any(item["loc"][0] == "path" for item in error.errors()):
        return no_such_page()
    return _no_form()


def _no_form() -> BadRequest:
    return BadRequest("The form was not filled in as expected.", hint="Go back and try again.")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
