"""What app hosts answer while nothing runs behind them. No page or API of the control plane is found here."""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from sandbox_server.errors import SandboxError
from sandbox_server.operations.wake import Kind, look_up, wake
from sandbox_server.pages.dependencies import Anyone, PartsOf
from sandbox_server.pages.rendering import render
from sandbox_server.pages.route import HEADERS, same_origin
from sandbox_server.pages.session import local_path
from sandbox_server.pages.static import file_of_package
from sandbox_server.pages.words import beyond

router = APIRouter()

OWN = "/__sandbox__"


@dataclass(frozen=True)
class Face:
    """How a state is shown."""

    title: str
    words: str
    shape: str
    status: int = 503
    can_start: bool = False
    wait: int = 0
    """Seconds after which the page looks again."""


FACES = {
    "asleep": Face(
        "{name} is asleep",
        "Nobody used it for a while. It starts in a few seconds.",
        "asleep",
        can_start=True,
    ),
    "starting": Face("{name} is starting", "It opens here as soon as it answers.", "starting", wait=2),
    "building": Face("{name} is being built", "It opens here as soon as it is ready.", "building", wait=3),
    "failed": Face("{name} did not start", "Its log tells why.", "failed"),
    "nothing": Face(
        "Nothing is released yet",
        "This address shows the app once somebody promotes a deployment.",
        "queued",
        404,
    ),
    "gone": Face(
        "{name} is not here any more",
        "Its branch may have a newer one: ask who gave you this address.",
        "retired",
        410,
    ),
    "unknown": Face("There is nothing here", "No app has this address.", "retired", 404),
}


@router.get(OWN + "/{path:path}")
async def static_file(request: Request, _: Anyone, path: str) -> Response:
    try:
        response = await file_of_package(request, path)
    except SandboxError:
        return waker_page("unknown")
    response.headers.update({**HEADERS, "Cache-Control": "max-age=300"})
    return response


@router.post(OWN + "/start")
async def start(request: Request, _: Anyone, parts: PartsOf, next: str = "/") -> Response:
    """Only from the page's own button: another site must not keep apps awake."""
    if not same_origin(request, f"{parts.settings.scheme}://{_host(request)}"):
        return await no_app(request, None, parts)
    try:
        await wake(parts, _host(request))
    except SandboxError as error:
        return waker_page("failed", words=error.message)
    return RedirectResponse(local_path(next), status_code=303, headers=HEADERS)


@router.api_route("/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def no_app(request: Request, _: Anyone, parts: PartsOf) -> Response:
    try:
        state = await look_up(parts, _host(request))
    except SandboxError as error:
        return waker_page("failed", words=error.message)
    wanted = f"{request.url.path}?{request.url.query}".rstrip("?")
    return waker_page(state.kind, state.app, state.deployment, state.words, wanted)


def waker_page(
    kind: Kind, app: str = "", deployment: int | None = None, words: str = "", wanted: str = "/"
) -> Response:
    """Says what is happening behind this host, and when to look again."""
    face = FACES[kind]
    html = render(
        "pages/waker.html",
        static=lambda file: f"{OWN}/{file}",
        app=app,
        title=face.title.format(name=f"d{deployment}" if deployment else app or "This app"),
        words=words if kind == "failed" else beyond(words, kind) if face.wait else "",
        face=face,
        start=f"{OWN}/start?next={quote(local_path(wanted), safe='')}",
    )
    retry = str(face.wait or 30)
    return HTMLResponse(
        html, face.status, headers={**HEADERS, "Cache-Control": "no-store", "Retry-After": retry}
    )


def _host(request: Request) -> str:
    return request.headers.get("host", "")
