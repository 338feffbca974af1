"""News for an open review: what others answer, a newer test version, the end of the link."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from fastapi import Request

from sandbox_server.auth.guests import Guest
from sandbox_server.errors import SandboxError, StoreUnavailable, TooMany
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.reviewing import newest_event
from sandbox_server.pages.dependencies import link_guest, parts_of
from sandbox_server.pages.rendering import fragment
from sandbox_server.pages.streams import END, QUIET, Events, event

PAUSE: Final = 1.5
"""Seconds between two looks: whoever has a link may open many pages, and all the platform's work rings the bell."""
MOST_OF_LINK: Final = 10
MOST: Final = 200
"""Pages that hear of news at the same time, by one link and by all of them: every look is a dozen queries."""
ANYWAY: Final = timedelta(minutes=1)
"""After which it is looked again although nothing was written: some things end by the clock alone."""

Render = Callable[[], Awaitable[dict[str, str]]]


def check_room(parts: Parts, guest: Guest) -> None:
    """Raises `TooMany`."""
    if parts.watching[guest.review_id] >= MOST_OF_LINK:
        raise TooMany(
            f"This review is open in {MOST_OF_LINK} places already, so this one hears of no news.",
            "Close some of them. Everything else works here too.",
        )
    if parts.watching.total() >= MOST:
        raise TooMany(
            "Very many reviews are open just now, so this one hears of no news.",
            "Load the page again to see what is new. Everything else works.",
        )


async def news(request: Request, guest: Guest, token: str, render: Render) -> Events:
    """Each fragment at once and whenever it changed, until the link is over; then why.

    Ends without a word if others took the last place meanwhile: the browser asks again by itself.
    """
    parts = parts_of(request)
    try:
        check_room(parts, guest)
    except TooMany:
        return
    with _counted(parts, guest):
        try:
            async for told in _changes(request, guest, token, render):
                yield told
        except SandboxError as error:
            yield event("over", fragment("review_ended.html", error=error))
        yield END


async def _changes(request: Request, guest: Guest, token: str, render: Render) -> Events:
    parts = parts_of(request)
    sent: dict[str, str] = {}
    looked, until = -1, parts.clock()
    async for _ in parts.bell.rings(every=5.0):
        try:
            # Taken before the look: what is written meanwhile is looked at once more.
            newest = await newest_event(parts, guest.app)
            if newest == looked and parts.clock() < until:
                yield QUIET
                continue
            async with parts.news_turns:
                await link_guest(request, token)
                fragments = await render()
        except StoreUnavailable:
            yield QUIET  # what is shown stays; the next look may tell more
            continue
        looked, until = newest, min(guest.expires_at, parts.clock() + ANYWAY)
        changed = {name: html for name, html in fragments.items() if sent.get(name) != html}
        sent |= changed
        yield "".join(event(name, html) for name, html in changed.items()) or QUIET
        await asyncio.sleep(PAUSE)


@contextmanager
def _counted(parts: Parts, guest: Guest) -> Iterator[None]:
    parts.watching[guest.review_id] += 1
    try:
        yield
    finally:
        parts.watching[guest.review_id] -= 1
        if not parts.watching[guest.review_id]:
            del parts.watching[guest.review_id]
