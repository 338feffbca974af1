"""A question to the runner in an instance. R has one thread, and the app may have changed whatever answers."""

import asyncio
from ipaddress import IPv4Address

import httpx

from sandbox_server.runtime.probe import PORT

SECRET = "X-Sandbox-Secret"  # noqa: S105 - the header's name


class Asking:
    """See `Runtime.ask`. Straight to the instance: no proxy, no redirect, no connection that is kept."""

    def __init__(self, port: int = PORT) -> None:
        self._port = port
        self._client: httpx.AsyncClient | None = None

    async def ask(
        self, address: IPv4Address, method: str, path: str, secret: str, body: bytes = b"",
        *, most: int, patience: float,
    ) -> bytes | None:  # fmt: skip
        try:
            async with asyncio.timeout(patience):
                return await self._answer(f"http://{address}:{self._port}{path}", method, secret, body, most)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            return None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _answer(self, url: str, method: str, secret: str, body: bytes, most: int) -> bytes | None:
        headers = {SECRET: secret, "Accept-Encoding": "identity", "Connection": "close"}
        request = self._made().build_request(method, url, headers=headers, content=body or None)
        answer = await self._made().send(request, stream=True)
        try:
            return await _beginning(answer, most) if answer.status_code in (200, 204) else None
        finally:
            await answer.aclose()

    def _made(self) -> httpx.AsyncClient:
        """Made in the loop that uses it."""
        self._client = self._client or httpx.AsyncClient(
            verify=False,  # noqa: S501 - plain HTTP; certificates take long to load
            trust_env=False,
            timeout=None,  # noqa: S113 - the whole question has one
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )
        return self._client


async def _beginning(answer: httpx.Response, most: int) -> bytes:
    """The bytes as they come: nothing is unpacked."""
    found = bytearray()
    async for chunk in answer.aiter_raw():
        found += chunk
        if len(found) >= most:
            break
    return bytes(found[:most])
