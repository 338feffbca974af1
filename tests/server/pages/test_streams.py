"""Live parts of pages, on the way that they take to a browser."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from fastapi import Request
from tests.server.pages.platform import Platform

from sandbox_server import wire
from sandbox_server.app import create_app
from sandbox_server.errors import NotFound, StoreUnavailable
from sandbox_server.operations.login import sign_in_with_token, sign_out
from sandbox_server.pages import deployments, streams
from sandbox_server.pages.session import COOKIE

pytestmark = pytest.mark.anyio


async def request_of(platform: Platform) -> tuple[Request, str]:
    """A request of anna's browser, and the secret of her session."""
    secret = await sign_in_with_token(platform.parts, platform.token)
    headers = [(b"cookie", f"{COOKIE}={secret}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/live", "query_string": b"", "headers": headers}
    return Request(scope | {"app": create_app(platform.parts)}), secret


async def test_a_fragment_is_sent_at_once_and_then_only_when_it_changed(platform: Platform) -> None:
    request, _ = await request_of(platform)
    texts = iter(["<p>one</p>", "<p>one</p>", "<p>two</p>"])

    async def render() -> streams.View:
        return streams.View({"app": next(texts)})

    async with aclosing(streams.changes(request, render)) as events:
        assert await anext(events) == "event: app\ndata: <p>one</p>\n\n"
        platform.parts.bell.ring()
        assert await anext(events) == streams.QUIET
        platform.parts.bell.ring()
        assert await anext(events) == "event: app\ndata: <p>two</p>\n\n"


async def test_a_stream_is_over_when_nothing_can_change_any_more(platform: Platform) -> None:
    request, _ = await request_of(platform)

    async def render() -> streams.View:
        return streams.View({"job": "<p>done</p>"}, final=True)

    assert [event async for event in streams.changes(request, render)][-1] == streams.END


async def test_a_stream_outlives_a_database_that_is_away_for_a_moment(platform: Platform) -> None:
    request, _ = await request_of(platform)
    away = [True]

    async def render() -> streams.View:
        if away:
            away.pop()
            raise StoreUnavailable("The database does not answer just now.")
        return streams.View({"app": "<p>one</p>"})

    async with aclosing(streams.changes(request, render)) as events:
        assert await anext(events) == streams.QUIET
        platform.parts.bell.ring()
        assert await anext(events) == "event: app\ndata: <p>one</p>\n\n"


async def test_a_stream_is_over_with_the_login(platform: Platform) -> None:
    request, secret = await request_of(platform)

    async def render() -> streams.View:
        return streams.View({"app": "<p>secret</p>"})

    async with aclosing(streams.changes(request, render)) as events:
        await anext(events)
        await sign_out(platform.parts, secret)
        assert await anext(events) == streams.END


async def test_a_stream_is_over_when_what_it_shows_is_gone(platform: Platform) -> None:
    request, _ = await request_of(platform)

    async def render() -> streams.View:
        raise NotFound("There is no such app.")

    assert [event async for event in streams.changes(request, render)] == [streams.END]


async def test_two_sources_share_one_connection_that_ends_with_the_first() -> None:
    async def first() -> AsyncGenerator[str, None]:
        yield "a"
        yield "b"

    async def endless() -> AsyncGenerator[str, None]:
        while True:
            yield "log"

    async def broken() -> AsyncGenerator[str, None]:
        raise NotFound("There is no log.")
        yield ""

    assert [event async for event in streams.together(first(), broken()) if event != streams.QUIET] == [
        "a",
        "b",
    ]
    assert {"a", "b"} <= {event async for event in streams.together(first(), endless())}


async def test_a_log_goes_on_after_the_last_line_that_a_page_has(platform: Platform) -> None:
    number = await platform.push()
    written = [event async for event in streams.log(platform.parts, "sales-dashboard", number, "build", None)]
    assert written
    assert all(event.startswith("event: lines\nid: ") for event in written)
    last = wire.LogLine.model_validate(
        {"time": written[-1].split("id: ")[1].split("\n")[0], "stream": "", "text": ""}
    )
    rest = [
        event async for event in streams.log(platform.parts, "sales-dashboard", number, "build", last.time)
    ]
    assert rest == []


async def test_the_page_of_a_job_ends_its_stream(platform: Platform) -> None:
    await platform.log_in()
    await platform.promote(await platform.push())
    job = 2
    answer = await platform.client.get(f"/apps/sales-dashboard/jobs/{job}/live")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "Release 1 is in force" in answer.text
    assert answer.text.endswith(streams.END)


async def test_many_rings_are_one_look(platform: Platform) -> None:
    request, _ = await request_of(platform)
    looks = 0

    async def render() -> streams.View:
        nonlocal looks
        looks += 1
        return streams.View({"app": f"<p>{looks}</p>"})

    async def ring() -> None:
        while True:
            platform.parts.bell.ring()
            await asyncio.sleep(0.001)

    ringing = asyncio.create_task(ring())
    async with aclosing(streams.changes(request, render)) as events:
        before = asyncio.get_running_loop().time()
        for _ in range(3):
            await anext(events)
    took = asyncio.get_running_loop().time() - before
    ringing.cancel()
    assert looks == 3
    assert took >= 2 * streams.PAUSE


@pytest.mark.parametrize("mark", ["", "garbage", "2026-01-01T00:00:00"])
def test_a_place_in_the_log_without_a_time_zone_is_no_place(mark: str) -> None:
    request = Request({"type": "http", "headers": [(b"last-event-id", mark.encode())]})
    assert deployments._resumed(request) is None
