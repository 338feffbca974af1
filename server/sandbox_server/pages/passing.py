"""Passing on: a request that waited for its app is sent to it, and gets the app's own answer."""

import re
from collections.abc import AsyncIterator, Iterator
from ipaddress import IPv4Address
from urllib.parse import unquote

import httpx
from fastapi import Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from sandbox_server.domain.edge import APP_PORT

_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
     "transfer-encoding", "upgrade")
)  # fmt: skip
_RESERVED = re.compile(r"\s*(sandbox_|__host-sandbox|__secure-sandbox)", re.IGNORECASE)
_DOMAIN = re.compile(r";\s*domain\s*=[^;]*", re.IGNORECASE)
_CONNECT = 5.0
"""Seconds."""

Headers = list[tuple[bytes, bytes]]


async def pass_on(request: Request, address: IPv4Address, label: str, patience: float) -> Response:
    """The app's answer, as the edge would give it. `label` names the deployment, `patience` are seconds."""
    if not passable(request.scope["path"]):
        return PlainTextResponse("There is nothing here.", 404)
    # Certificates are never looked at here, and reading them takes longer than the rest.
    timeout = httpx.Timeout(patience, connect=_CONNECT)
    client = httpx.AsyncClient(trust_env=False, verify=False, timeout=timeout)  # noqa: S501
    try:
        answer = await client.send(_request(client, request, address), stream=True)
    except httpx.HTTPError:
        await client.aclose()
        return PlainTextResponse(
            "The app did not answer. Try again.", 502, headers={"Cache-Control": "no-store"}
        )
    passed = StreamingResponse(_body(client, answer), answer.status_code)
    passed.raw_headers = [*_own_headers(answer), (b"x-sandbox-deployment", label.encode())]
    return passed


def passable(path: str) -> bool:
    """Not the runner's own paths, however they are written: only the platform may ask these."""
    plain = path
    for _ in range(3):
        if "__sandbox__" in plain.lower():
            return False
        plain = unquote(plain)
    return True


async def _body(client: httpx.AsyncClient, answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        # As it came: compressed stays compressed.
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()
        await client.aclose()


def _request(client: httpx.AsyncClient, request: Request, address: IPv4Address) -> httpx.Request:
    headers = [
        pair for pair in request.headers.raw if not _stays(pair[0], request.headers.get("connection", ""))
    ]
    has_body = int(request.headers.get("content-length", "0") or 0) or "transfer-encoding" in request.headers
    query = request.scope["query_string"]
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    url = httpx.URL(
        scheme="http", host=str(address), port=APP_PORT, raw_path=path + (b"?" + query if query else b"")
    )
    return client.build_request(
        request.method, url, headers=headers, content=request.stream() if has_body else None
    )


def _own_headers(answer: httpx.Response) -> Headers:
    named = answer.headers.get("connection", "")
    kept = list(_rewritten(pair for pair in answer.headers.raw if not _stays(pair[0], named)))
    names = {name.lower() for name, _ in kept}
    html = answer.headers.get("content-type", "").lower().startswith("text/html")
    if html and not names & {b"cache-control", b"expires"}:
        kept.append((b"cache-control", b"no-cache"))
    return kept


def _rewritten(headers: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Apps set cookies of their own host only, and none that are the platform's."""
    for name, value in headers:
        if name.lower().startswith(b"x-sandbox-"):
            continue
        if name.lower() != b"set-cookie":
            yield name, value
        elif not _RESERVED.match(text := value.decode("latin-1")):
            yield name, _DOMAIN.sub("", text).encode("latin-1")


def _stays(name: bytes, connection: str) -> bool:
    """Headers that are about one connection only."""
    named = {word.strip().lower() for word in connection.split(",")}
    lower = name.decode("latin-1").lower()
    return lower in _HOP_BY_HOP or lower in named
