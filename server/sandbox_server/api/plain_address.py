"""No address has a NUL in it: whatever it names is looked for in a database, and not every database takes one."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox_server.errors import BadRequest, SandboxError

Tell = Callable[[Request, SandboxError], Awaitable[Response]]


class PlainAddress:
    """Answers 422 to addresses with one, in the path or in what is asked."""

    def __init__(self, app: ASGIApp, tell: Tell) -> None:
        self._app, self._tell = app, tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_nul(scope):
            await self._app(scope, receive, send)
            return
        error = BadRequest("The address has a NUL in it.", "Take the %00 out of it.")
        response = await self._tell(Request(scope), error)
        await response(scope, receive, send)


def _has_nul(scope: Scope) -> bool:
    query: bytes = scope["query_string"]
    return "\0" in scope["path"] or b"%00" in query or b"\0" in query
