"""Server-sent events: parts of a page that are sent again when they changed, and logs that grow."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from fastapi.responses import StreamingResponse

from sandbox_server.errors import SandboxError, StoreUnavailable
from sandbox_server.operations.logs import Kind, follow_log, read_log
from sandbox_server.operations.parts import Parts
from sandbox_server.pages.dependencies import LoginNeededError, page_caller, parts_of
from sandbox_server.pages.rendering import fragment
from sandbox_server.wire import LogLine

_trouble = logging.getLogger(__name__)

# Sent when nothing changed: a browser that has gone is only noticed by writing to it.
QUIET = ": \n\n"
END = "event: end\ndata:\n\n"
PAUSE = 0.2
"""Seconds between two looks: one job commits many times, and the bell rings for the work of everybody."""

AWAY = 2.0
"""Seconds between two questions to a database that does not answer."""

Events = AsyncGenerator[str, None]


@dataclass(frozen=True)
class View:
    """What is live on a page: its fragments, by the name of their event."""

    fragments: dict[str, str]
    final: bool = False
    """Nothing will change any more."""


Render = Callable[[], Awaitable[View]]


def stream(events: Events) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def event(name: str, html: str, mark: str = "") -> str:
    """`mark` comes back from a browser that lost the connection, as `Last-Event-ID`."""
    data = "\n".join(f"data: {line}" for line in html.splitlines())
    head = f"event: {name}\nid: {mark}\n" if mark else f"event: {name}\n"
    return f"{head}{data}\n\n"


async def changes(request: Request, render: Render) -> Events:
    """Each fragment at once and whenever it changed, until nothing can change or the login is over."""
    sent: dict[str, str] = {}
    with suppress(SandboxError, LoginNeededError):
        async for _ in parts_of(request).bell.rings(every=2.0):
            try:
                await page_caller(request)
                view = await render()
            except StoreUnavailable:
                yield QUIET  # what is shown stays; the next look may tell more
                continue
            yield _news(view.fragments, sent)
            if view.final:
                break
            await asyncio.sleep(PAUSE)
    yield END


@dataclass
class _Told:
    """Up to when a log was sent."""

    until: datetime | None


async def log(parts: Parts, app: str, n: int, kind: Kind, after: datetime | None) -> Events:
    """The lines later than `after`, then new ones as they are written."""
    told = _Told(after)
    while True:
        try:
            async with aclosing(_log(parts, app, n, kind, told)) as items:
                async for item in items:
                    yield item
        except StoreUnavailable:
            yield QUIET
            await asyncio.sleep(AWAY)
        else:
            return


async def _log(parts: Parts, app: str, n: int, kind: Kind, told: _Told) -> Events:
    new_lines = follow_log(parts, app, n, kind)
    # Its place must be taken before the rest is read, or lines written in between were lost.
    await anext(new_lines, None)
    written = [
        line
        for line in await read_log(parts, app, n, kind, tail=2000)
        if told.until is None or line.time > told.until
    ]
    for line in written:
        yield _line(line)
    from_here = told.until = written[-1].time if written else told.until
    async for fresh in new_lines:
        if fresh is not None and (from_here is None or fresh.time > from_here):
            yield _line(fresh)
            told.until = fresh.time


async def together(*sources: Events) -> Events:
    """All of them on one connection, of which a browser has only six; over when the first source is over."""
    queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=100)
    tasks = [asyncio.create_task(_pump(source, queue, last=n == 0)) for n, source in enumerate(sources)]
    try:
        while (item := await queue.get()) is not None:
            yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: Events, queue: "asyncio.Queue[str | None]", *, last: bool) -> None:
    try:
        async with aclosing(source):
            async for item in source:
                await queue.put(item)
    except SandboxError:
        pass  # what it shows is gone
    except Exception:
        _trouble.exception("a stream broke")
    if last:
        await queue.put(None)


def _news(fragments: dict[str, str], sent: dict[str, str]) -> str:
    changed = {name: html for name, html in fragments.items() if sent.get(name) != html}
    sent |= changed
    return "".join(event(name, html) for name, html in changed.items()) or QUIET


def _line(line: LogLine) -> str:
    return event("lines", fragment("log_lines.html", lines=[line]), mark=line.time.isoformat())
