"""What app hosts answer while nothing runs behind them: the first request wakes the app. No page or API of the control
plane is found here."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response, WebSocket
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, StreamingResponse

from sandbox_server.domain.arrival import Arrival, arrival
from sandbox_server.errors import SandboxError, StoreUnavailable
from sandbox_server.operations.bell import wait
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.wake import WakeState, look_up, opened, until_open, wake
from sandbox_server.pages.dependencies import Anyone, PartsOf
from sandbox_server.pages.errors import no_such_page
from sandbox_server.pages.passing import pass_on
from sandbox_server.pages.rendering import render
from sandbox_server.pages.route import HEADERS, same_origin
from sandbox_server.pages.session import local_path
from sandbox_server.pages.static import file_of_package
from sandbox_server.pages.streams import QUIET
from sandbox_server.pages.words import beyond
from sandbox_server.pages.words import seconds as in_words

router = APIRouter()

OWN = "/__sandbox__"
FILES = OWN + "/page"
"""Here the edge leads to us whatever the host leads to: the app may be up before this page has its files."""
_SCRIPT = "waker.js"
_LOOKS = (".css", ".svg", ".woff2")
"""Endings of what it needs besides. On an app's own host our other scripts are not offered: one that reads a page for
commands would undo the app's rule to run none but its own."""
MOST_HELD = 1000
"""Requests that wait at the same time: the edge has connections for many more, and they are for apps that run."""
LIVE = 600.0
"""Seconds for which a page hears how far it is, before it asks again."""

# An app may be shown in a frame or a window of somebody's portal, and so may the page that stands in for it: it has
# no secrets.
_OWN_PAGES_ONLY = {"X-Frame-Options", "Cross-Origin-Opener-Policy", "Permissions-Policy"}
_HEADERS = {name: value for name, value in HEADERS.items() if name not in _OWN_PAGES_ONLY} | {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace("; frame-ancestors 'none'", "")
}


@dataclass(frozen=True)
class Face:
    """How a state is shown."""

    title: str
    words: str
    shape: str
    status: int = 503
    again: bool = False
    """Has a button that starts it."""
    wait: int = 0
    """Seconds after which the page looks again, if it hears nothing."""


FACES = {
    "asleep": Face("{name} is asleep", "Nobody used it for a while.", "asleep", wait=2),
    "starting": Face("{name} is starting", "It opens here as soon as it answers.", "starting", wait=2),
    "building": Face("{name} is being built", "It opens here as soon as it is ready.", "building", wait=3),
    "failed": Face("{name} did not start", "Its log tells why.", "failed"),
    "again": Face(
        "{name} did not start", "Its log tells why. You can let it try once more.", "failed", again=True
    ),
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
    "away": Face(
        "Not available just now", "Try again in a moment; this page does so by itself.", "failed", wait=5
    ),
    "unknown": Face("There is nothing here", "No app has this address.", "retired", 404),
}


@router.get(FILES + "/live")
async def live(request: Request, _: Anyone, parts: PartsOf) -> Response:
    """Server-sent events: how far the app behind this host is, until it opens or will not."""
    headers = {**_HEADERS, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_news(parts, _host(request)), headers=headers, media_type="text/event-stream")


@router.get(FILES + "/{path:path}")
async def static_file(request: Request, _: Anyone, path: str) -> Response:
    try:
        if path != _SCRIPT and not path.endswith(_LOOKS):
            raise no_such_page()
        response = await file_of_package(request, path)
    except SandboxError:
        return waker_page(WakeState("unknown"))
    response.headers.update({**_HEADERS, "Cache-Control": "max-age=300"})
    return response


@router.post(OWN + "/start")
async def start(request: Request, _: Anyone, parts: PartsOf, next: str = "/") -> Response:
    """Only from the page's own button: another site must not start what fails again and again."""
    if not same_origin(request, f"{parts.settings.scheme}://{_host(request)}"):
        return await _idle(request, parts)
    await wake(parts, _host(request), again=True)
    return RedirectResponse(local_path(next), status_code=303, headers=_HEADERS)


@router.api_route("/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def arrived(request: Request, _: Anyone, parts: PartsOf) -> Response:
    kind = arrival(request.method, request.scope["path"], request.headers)
    return await _ANSWERS[kind](request, parts)


@router.websocket("/{path:path}")
async def no_socket(_: Anyone, socket: WebSocket, path: str) -> None:  # noqa: ARG001
    """Starts nothing: pages left open for days try again and again."""
    text = "Nothing runs here. Load the page anew."
    await socket.send_denial_response(PlainTextResponse(text, 503, headers={"Retry-After": "5"}))


async def troubled(request: Request, _: Exception) -> Response:
    """The database is away: what runs runs on, and nothing wakes until it is back."""
    away = WakeState("away")
    kind = arrival(request.method, request.scope["path"], request.headers)
    return waker_page(away, request.scope["path"]) if kind is Arrival.page else _plain(away)


def waker_page(state: WakeState, wanted: str = "/") -> Response:
    """Says what is happening behind this host, and when to look again."""
    face = FACES["again" if state.kind == "failed" and state.words else state.kind]
    html = render(
        "pages/waker.html",
        static=lambda file: f"{FILES}/{file}",
        app=state.app,
        title=face.title.format(name=_name(state)),
        words=_now(state) if face.wait else "",
        usual=_usual(state),
        share=_share(state),
        face=face,
        own=OWN,
        files=FILES,
        wanted=local_path(wanted),
    )
    headers = {**_HEADERS, "Cache-Control": "no-store", "Retry-After": str(face.wait or 30)}
    return HTMLResponse(html, face.status, headers=headers)


def _name(state: WakeState) -> str:
    """In words that people without an account know: reviewers come here too."""
    if state.deployment and not state.released:
        return f"Test version {state.deployment}"
    return state.app or "This app"


async def _page(request: Request, parts: Parts) -> Response:
    state = await wake(parts, _host(request))
    if opened(parts, _host(request)):
        return RedirectResponse(_here(request, parts), 307, headers={"Cache-Control": "no-store"})
    return waker_page(state, f"{request.url.path}?{request.url.query}".rstrip("?"))


async def _idle(request: Request, parts: Parts) -> Response:
    return _plain(await look_up(parts, _host(request)))


async def _held(request: Request, parts: Parts) -> Response:
    state = await _wait(request, parts)
    address = opened(parts, _host(request))
    if state is not None or address is None:
        return _plain(state or WakeState("starting"))
    label = f"d{(await look_up(parts, _host(request))).deployment}"
    return await pass_on(request, address, label, parts.settings.answer_timeout)


async def _resent(request: Request, parts: Parts) -> Response:
    state = await _wait(request, parts)
    # Read to its end, or the answer would be lost with the connection.
    async for _ in request.stream():
        pass
    if state is not None:
        return _plain(state)
    return RedirectResponse(_here(request, parts), 307, headers={"Cache-Control": "no-store"})


async def _wait(request: Request, parts: Parts) -> WakeState | None:
    """None once it is open; else why not."""
    state = await wake(parts, _host(request))
    if parts.held >= MOST_HELD:
        return state
    parts.held += 1
    try:
        return await until_open(parts, _host(request), parts.settings.hold)
    finally:
        parts.held -= 1


_ANSWERS = {Arrival.page: _page, Arrival.held: _held, Arrival.resent: _resent, Arrival.idle: _idle}


def _plain(state: WakeState) -> Response:
    """For programs: one line that says why not."""
    face = FACES[state.kind]
    title = face.title.format(name=f"d{state.deployment}" if state.deployment else state.app or "This app")
    headers = {"Cache-Control": "no-store", "Retry-After": str(face.wait or 30)}
    return PlainTextResponse(f"{title}. {face.words}\n", face.status, headers=headers)


async def _news(parts: Parts, host: str) -> AsyncIterator[str]:
    deadline = parts.monotonic() + LIVE
    told = ""
    while parts.monotonic() < deadline:
        heard = parts.bell.listen()
        if opened(parts, host):
            yield _event("up", {})
            return
        try:
            state = await look_up(parts, host)
        except StoreUnavailable:
            return  # it asks again by itself
        if state.kind not in ("starting", "building"):
            yield _event("over", {})
            return
        news = _event("state", {"words": _now(state), "share": _share(state), "usual": _usual(state)})
        yield news if news != told else QUIET
        told = news
        await wait(heard, 0.2)


def _event(name: str, data: dict[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _now(state: WakeState) -> str:
    if state.ahead:
        return f"{state.ahead} before it in the queue"
    return beyond(state.words, state.kind)


def _usual(state: WakeState) -> str:
    return f"usually {in_words(state.usual)}" if state.usual else ""


def _share(state: WakeState) -> int | None:
    """Percent of the usual time; never quite all of it, since nobody knows."""
    if not state.usual or state.ahead or state.kind != "starting":
        return None
    return min(95, round(100 * state.elapsed / state.usual))


def _here(request: Request, parts: Parts) -> str:
    """The very address that was asked for; whole, since a path may begin like another host."""
    path = request.scope.get("raw_path") or request.url.path.encode()
    query = request.scope["query_string"]
    asked = (path + (b"?" + query if query else b"")).decode("latin-1")
    return f"{parts.settings.scheme}://{_authority(request)}{asked}"


def _authority(request: Request) -> str:
    """The host that is known, and the port by which people came: nothing else that a header may say."""
    name, _, port = _host(request).partition(":")
    return f"{name}:{port}" if port.isascii() and port.isdigit() else name


def _host(request: Request) -> str:
    return request.headers.get("host", "")
