"""What holds for the reviewer's pages: who comes has no account, and these pages alone show apps in a frame."""

import re
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from sandbox_server.errors import SandboxError, TooLarge
from sandbox_server.pages.rendering import page
from sandbox_server.pages.route import HEADERS, PageRoute

_TITLES: Final = {
    404: "There is no such thing here",
    409: "That is not possible now",
    410: "This link is over",
    413: "That is too large",
    422: "That does not work",
    429: "A little slower, please",
    503: "Not available just now",
}

_LINK: Final = re.compile(r"/r/[0-9A-Za-z._-]+(?=/|$)")


class FramingRoute(PageRoute):
    """Lets in a frame what the handler named with `may_frame`."""

    def headers(self, request: Request) -> dict[str, str]:
        frames: tuple[str, ...] = getattr(request.state, "frames", ())
        if not frames:
            return HEADERS
        policy = f"{HEADERS['Content-Security-Policy']}; frame-src {' '.join(frames)}"
        return {**HEADERS, "Content-Security-Policy": policy}


class ReviewRoute(FramingRoute):
    """Tells errors to people without an account."""

    cleans_forms = True

    def tell(self, request: Request, error: SandboxError) -> Response:
        if wants_json(request):
            return _to_script(error)
        is_good = getattr(request.state, "guest", None) is not None
        title = _TITLES.get(error.status, "That did not work")
        if error.status == 404 and not is_good:
            title = "This does not lead to a review"
        # Whoever was not let in would find the same there.
        back = f"/r/{request.path_params['token']}" if is_good else ""
        return _to_person(request, error, title, back)


def tell_early(request: Request, error: SandboxError) -> Response | None:
    """Of what a link's page sent and no route was to look at, as it is too long; None for all other addresses.

    Nobody knows whether the link is good: the way back shows it.
    """
    found = _LINK.match(request.url.path)
    if found is None:
        return None
    if isinstance(error, TooLarge):
        error = TooLarge("What you sent is too large.", "Shorten it, or choose a picture of at most 5 MB.")
    if wants_json(request):
        return _to_script(error)
    return _to_person(request, error, _TITLES.get(error.status, "That did not work"), found[0])


def may_frame(request: Request, *urls: str) -> None:
    """The page that answers this request shows these apps, and no other page."""
    request.state.frames = tuple(origin(url) for url in urls)


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def wants_json(request: Request) -> bool:
    """It was sent by a script of our page, which shows the answer where it belongs."""
    return request.headers.get("accept", "") == "application/json"


def _to_script(error: SandboxError) -> Response:
    problem = {"code": error.code, "message": error.message, "hint": error.hint}
    return JSONResponse({"error": problem}, error.status, headers={"Cache-Control": "no-store"})


def _to_person(request: Request, error: SandboxError, title: str, back: str) -> Response:
    values = {"title": title, "error": error, "back": back, "sent": request.method == "POST"}
    return page(request, "review_over.html", error.status, **values)
