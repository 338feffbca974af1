"""A small server on loopback whose pages behave like Shiny apps; the first label of the host says how."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

PAGE = """<!doctype html><html><body><div id="plot" class="shiny-bound-output">plot</div>
<div id="hidden" style="display:none" class="recalculating shiny-output-error">never seen</div>
<div id="asked" class="shiny-output-error shiny-output-error-validation">choose a file</div><script>
const socket = new WebSocket(`ws://${location.host}/websocket/`);
window.Shiny = {shinyapp: {$socket: socket, config: null}};
const plot = document.getElementById("plot"), root = document.documentElement.classList;
const add = (kind, id, text) => {
  const element = document.createElement(kind);
  element.id = id;
  element.innerText = text;
  document.body.append(element);
};
socket.onopen = () => socket.send('{"method":"init","data":{}}');
socket.onclose = () => add("div", "shiny-disconnected-overlay", "");
socket.onmessage = (event) => {
  const message = JSON.parse(event.data);
  if (message.config) Shiny.shinyapp.config = message.config;
  if ("busy" in message) root.toggle("shiny-busy", message.busy);
  if (message.waits) plot.classList.add("recalculating");
  if (message.error) { plot.classList.add("shiny-output-error"); plot.innerText = message.error; }
  if (message.value) { plot.classList.remove("shiny-output-error"); plot.innerText = message.value; }
  if (message.show) add("p", message.show, "shown");
};
</script></body></html>"""

PLAIN = "<!doctype html><html><body>A page like any other.</body></html>"

_WITH_FILES = """<!doctype html><html><head><link rel="stylesheet" href="site.css"></head><body>
<img src="http://elsewhere.example/pixel.png">A page with files.</body></html>"""
_API = '{"openapi": "3.0.3", "paths": {}}'
PLAIN_FILES = {
    "whole/": (HTTPStatus.OK, "text/html", _WITH_FILES),
    "whole/site.css": (HTTPStatus.OK, "text/css", "body { color: black }"),
    "half/": (HTTPStatus.OK, "text/html", _WITH_FILES),
    "api/openapi.json": (HTTPStatus.OK, "application/json", _API),
    "words/openapi.json": (HTTPStatus.OK, "text/html", "<p>not JSON</p>"),
    "broken/openapi.json": (HTTPStatus.INTERNAL_SERVER_ERROR, "application/json", "{}"),
    "guarded/openapi.json": (HTTPStatus.UNAUTHORIZED, "application/json", "{}"),
}
"""Host's first label and path → what is answered there."""

Step = tuple[dict[str, object], float]


@dataclass
class Pages:
    """What the server saw."""

    port: int
    page_loads: Counter[str] = field(default_factory=Counter)
    paths: set[str] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)
    socket_agents: set[str] = field(default_factory=set)
    cookies: set[str] = field(default_factory=set)
    open_now: int = 0
    open_most: int = 0
    extra: dict[str, str] = field(default_factory=dict)
    """Host's first label → the whole page."""

    def url(self, kind: str) -> str:
        return f"http://{kind}.apps.localhost:{self.port}/"

    @property
    def edge(self) -> str:
        return f"127.0.0.1:{self.port}"


@asynccontextmanager
async def shiny_pages() -> AsyncIterator[Pages]:
    pages = Pages(0)

    async def on_request(connection: ServerConnection, request: Request) -> Response | None:
        return await _answer(pages, connection, request)

    async def on_socket(connection: ServerConnection) -> None:
        pages.open_now += 1
        pages.open_most = max(pages.open_most, pages.open_now)
        try:
            await _session(pages, connection)
        except ConnectionClosed:
            return
        finally:
            pages.open_now -= 1

    server: Server
    async with serve(on_socket, "127.0.0.1", 0, process_request=on_request) as server:
        pages.port = next(iter(server.sockets)).getsockname()[1]
        yield pages


async def _answer(pages: Pages, connection: ServerConnection, request: Request) -> Response | None:
    kind = _kind(request)
    agent = request.headers.get("User-Agent", "")
    pages.paths.add(request.path)
    if request.path == "/websocket/":
        pages.socket_agents.add(agent)
        return connection.respond(HTTPStatus.FORBIDDEN, "") if kind == "refuses" else None
    if served := PLAIN_FILES.get(f"{kind}{request.path}"):
        status, content_type, body = served
        response = connection.respond(status, body)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = content_type
        return response
    if request.path != "/":
        await asyncio.sleep(1 if kind == "throws" else 0)  # R has one thread
        return connection.respond(HTTPStatus.NOT_FOUND, "")
    pages.page_loads[kind] += 1
    pages.agents.add(agent)
    pages.cookies.add(request.headers.get("Cookie", ""))
    if kind == "silent":
        await asyncio.sleep(4)
    if kind == "missing":
        return connection.respond(HTTPStatus.NOT_FOUND, "no such app")
    response = connection.respond(HTTPStatus.OK, pages.extra.get(kind, PLAIN if kind == "plain" else PAGE))
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    return response


async def _session(pages: Pages, connection: ServerConnection) -> None:
    assert connection.request is not None
    kind = _kind(connection.request)
    await connection.recv()
    if kind == "never":
        await connection.wait_closed()
    for message, pause in _script(kind, pages.page_loads[kind]):
        await connection.send(json.dumps(message))
        await asyncio.sleep(pause)
    if kind in ("stops", "closes", "throws"):
        await connection.close()
    await connection.wait_closed()


def _script(kind: str, visit: int) -> list[Step]:
    """What the session says, and how long it waits after that."""
    config: Step = ({"config": {"sessionId": "s", "workerId": "w"}}, 0)
    busy: Step = ({"busy": True}, 0.1)
    idle: Step = ({"busy": False}, 0)
    bad: Step = ({"error": "object 'x' not found"}, 0)
    value: Step = ({"value": "done"}, 0)
    tick: list[Step] = [({"busy": True}, 0.02), ({"busy": False}, 0.6)]
    scripts: dict[str, list[Step]] = {
        "stops": [config],
        "closes": [config, busy, (idle[0], 0.2)],
        "throws": [(config[0], 1)],
        "error": [config, busy, bad, idle],
        "passing": [config, busy, bad, (idle[0], 0.7), value],
        "once": [config, busy, bad if visit == 1 else value, idle],
        "busy": [config, busy],
        "unfilled": [config, ({"waits": True}, 0), busy, idle],
        "restless": [config, busy, ({"show": "map"}, 0)],
        "clock": [config, busy, idle, *(200 * tick)],
    }
    return scripts.get(kind, [config, busy, value, idle])


def _kind(request: Request) -> str:
    return request.headers["Host"].split(".")[0]
