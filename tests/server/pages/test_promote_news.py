"""A page of a release stays as it was read: it is told what happened since, and nothing else is released."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.server.pages.platform import Platform
from tests.server.pages.reviewers import ask, judge
from tests.server.pages.test_release_routes import APP, NAME, demand_a_review, log_in_as_administrator, see
from tests.server.pages.test_streams import request_of

from sandbox_server import wire
from sandbox_server.auth import Caller
from sandbox_server.operations import overview
from sandbox_server.operations.variables import set_variables
from sandbox_server.pages import releases
from sandbox_server.pages.promote_news import Opened

pytestmark = pytest.mark.anyio

ROOT = Caller("root", admin=True)


def mark_of(text: str) -> str:
    return text.partition('name="read" value="')[2].partition('"')[0]


async def opened(platform: Platform, number: int) -> Opened:
    text = await see(platform, f"{APP}/promote/{number}")
    query = text.partition(f'sse-connect="{APP}/promote/{number}/live?')[2].partition('"')[0]
    told: dict[str, Any] = dict(pair.split("=") for pair in query.split("&amp;"))
    return Opened(int(told["seen"]), int(told["newest"]), int(told["verdict"]), told["mark"])


async def news(platform: Platform, number: int, since: Opened) -> str:
    """The first event of the page's stream."""
    request, _ = await request_of(platform)
    answer = await releases.ask_promote_live(request, ROOT, platform.parts, app=NAME, n=number, opened=since)
    events: AsyncIterator[Any] = answer.body_iterator  # type: ignore[attr-defined]
    return str(await anext(events))


async def is_released(platform: Platform) -> None:
    async for _ in platform.parts.bell.rings(every=0.2):
        if await overview.list_releases(platform.parts, NAME):
            return


async def set_variable(platform: Platform, name: str) -> None:
    request = wire.VariablesSet.model_validate({"variables": {name: "1"}, "scope": "release"})
    await set_variables(platform.parts, ROOT, NAME, request)


async def test_a_page_that_is_as_things_are_is_told_nothing(platform: Platform) -> None:
    await platform.log_in()
    number = await platform.push()
    assert "Since you opened" not in await news(platform, number, await opened(platform, number))


async def test_verdicts_pushes_releases_and_changes_are_told(platform: Platform) -> None:
    await platform.log_in()
    first = await platform.push()
    number = await platform.push("feature-x", code="shinyApp(a, b)")
    since = await opened(platform, number)
    await judge(platform, await ask(platform, "Rita <b>", "feature-x"), "rejected", number)
    assert f"Rita &lt;b&gt; rejected d{number}." in await news(platform, number, since)
    newest = await platform.push("feature-x", code="shinyApp(a, c)")
    await platform.promote(first)
    await set_variable(platform, "PRICES")
    told = await news(platform, number, since)
    assert f"feature-x has a newer push, d{newest}. This page is about d{number}." in told
    assert f"Release 1 was made: users get d{first} now." in told
    assert "What is missing, or what the release would change" in told
    assert f'href="{APP}/promote/{number}"' in told
    again = await opened(platform, number)
    assert "Since you opened" not in await news(platform, number, again)


async def test_nobody_releases_variables_that_came_after_the_page(platform: Platform) -> None:
    await platform.log_in()
    number = await platform.push()
    read = mark_of(await see(platform, f"{APP}/promote/{number}"))
    await set_variable(platform, "PRICES")
    assert await platform.post(f"{APP}/promote/{number}", seen=0, read=read) == 409
    read = mark_of(await see(platform, f"{APP}/promote/{number}"))
    assert await platform.post(f"{APP}/promote/{number}", seen=0, read=read) == 303
    await is_released(platform)


async def test_nobody_overrides_what_they_could_not_read(platform: Platform) -> None:
    await log_in_as_administrator(platform)
    number = await platform.push()
    await demand_a_review(platform)
    rita = await ask(platform, "Rita")
    said = {"override": "true", "reason": "it burns", "seen": 0}
    read = mark_of(await see(platform, f"{APP}/promote/{number}"))
    await judge(platform, rita, "rejected", number)
    assert await platform.post(f"{APP}/promote/{number}", read=read, **said) == 409
    assert await overview.list_releases(platform.parts, NAME) == []
    read = mark_of(await see(platform, f"{APP}/promote/{number}"))
    assert await platform.post(f"{APP}/promote/{number}", read=read, **said) == 303
    await is_released(platform)


async def test_an_acceptance_changes_nothing_of_what_was_read(platform: Platform) -> None:
    await platform.log_in()
    number = await platform.push()
    read = mark_of(await see(platform, f"{APP}/promote/{number}"))
    await judge(platform, await ask(platform, "Rita"), "accepted", number)
    assert await platform.post(f"{APP}/promote/{number}", seen=0, read=read) == 303
    await is_released(platform)
