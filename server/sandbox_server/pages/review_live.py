"""News for an open review: what others answer, a newer test version, the end of the link."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import Request

from sandbox_server.errors import SandboxError
from sandbox_server.pages.dependencies import link_guest, parts_of
from sandbox_server.pages.rendering import fragment
from sandbox_server.pages.streams import END, QUIET, Events, event

PAUSE: Final = 1.5
"""Seconds between two looks: whoever has a link may open many pages, and all the platform's work rings the bell."""

Render = Callable[[], Awaitable[dict[str, str]]]


async def news(request: Request, token: str, render: Render) -> Events:
    """Each fragment at once and whenever it changed, until the link is over; then why."""
    sent: dict[str, str] = {}
    try:
        async for _ in parts_of(request).bell.rings(every=5.0):
            await link_guest(request, token)
            fragments = await render()
            changed = {name: html for name, html in fragments.items() if sent.get(name) != html}
            sent |= changed
            yield "".join(event(name, html) for name, html in changed.items()) or QUIET
            await asyncio.sleep(PAUSE)
    except SandboxError as error:
        yield event("over", fragment("review_ended.html", error=error))
    yield END
