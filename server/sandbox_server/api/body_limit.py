"""No request but an upload may be long: its body is read into memory, and before anybody asks who sends it."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox_server.api.plain_address import Tell
from sandbox_server.errors import TooLarge
from sandbox_server.wire import API

LONGEST = 8 * 1024 * 1024
"""Bytes. Hundreds of variables fit."""


class BodyLimit:
    """Answers 413 to longer bodies, those that announce no length included. Uploads have their own limit."""

    def __init__(self, app: ASGIApp, tell: Tell, most: int = LONGEST) -> None:
        self._app, self._tell, self._most = app, tell, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _uploads(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if _announced(request) > self._most:
            response = await self._tell(request, self._error())
            await response(scope, receive, send)
            return
        await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._most:
                raise self._error()
            return message

        return counted

    def _error(self) -> TooLarge:
        return TooLarge(f"The request is larger than {self._most:,} bytes.", "Send less at once.")


def _uploads(scope: Scope) -> bool:
    return scope["method"] == "PUT" and str(scope["path"]).startswith(f"{API}/bundles/")


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0
