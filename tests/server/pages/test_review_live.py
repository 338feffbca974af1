"""News for reviewers cost little, and nobody may ask for too many of them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import pytest
from fastapi import Request
from tests.server.cast import ANNA, APP
from tests.server.pages.links import KEY, Link, ask, link, platform
from tests.server.platform import Platform

from sandbox_server.app import create_app
from sandbox_server.auth.guests import guest_of_link
from sandbox_server.errors import StoreUnavailable
from sandbox_server.operations.comment import comment
from sandbox_server.pages import review_live, streams
from sandbox_server.pages.streams import Events
from sandbox_server.wire_review import CommentRequest

__all__ = ["link", "platform"]  # fixtures

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_live, "PAUSE", 0)


class Page:
    """Counts how often it is put together."""

    looks = 0

    async def __call__(self) -> dict[str, str]:
        self.looks += 1
        return {"comments": f"look {self.looks}"}


async def open_news(platform: Platform, link: Link, page: Page) -> Events:
    token = link.path.rpartition("/")[2]
    guest = await guest_of_link(platform.parts.store, platform.parts.sealer, token, platform.clock())
    request = Request({"type": "http", "app": create_app(platform.parts)})
    return review_live.news(request, guest, token, page)


@asynccontextmanager
async def watching(platform: Platform, link: Link, count: int) -> AsyncIterator[None]:
    """So many pages are open."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            news = await stack.enter_async_context(aclosing(await open_news(platform, link, Page())))
            assert "look 1" in await anext(news)
        yield


async def test_a_look_is_taken_only_when_something_was_written_or_time_went_by(
    platform: Platform, link: Link
) -> None:
    page = Page()
    async with aclosing(await open_news(platform, link, page)) as news:
        assert "look 1" in await anext(news)
        for _ in range(3):
            platform.parts.bell.ring()
            assert await anext(news) == streams.QUIET
        assert page.looks == 1
        await comment(platform.parts, ANNA, APP, 1, CommentRequest(key=KEY, text="Look"))
        assert "look 2" in await anext(news)
        platform.clock.advance(61)
        platform.parts.bell.ring()
        assert "look 3" in await anext(news)
        platform.clock.advance(8 * 24 * 3600)
        platform.parts.bell.ring()
        assert "This link was good until" in await anext(news)


async def test_figures_that_the_platform_writes_are_no_news(platform: Platform, link: Link) -> None:
    page = Page()
    async with aclosing(await open_news(platform, link, page)) as news:
        assert "look 1" in await anext(news)
        for _ in range(3):
            before = platform.parts.store.commits
            async with platform.parts.store.write():
                pass
            assert platform.parts.store.commits > before
            platform.parts.bell.ring()
            assert await anext(news) == streams.QUIET
    assert page.looks == 1


async def test_no_review_is_over_because_the_database_is_away(platform: Platform, link: Link) -> None:
    class Away(Page):
        async def __call__(self) -> dict[str, str]:
            if not self.looks:
                self.looks += 1
                raise StoreUnavailable("The database does not answer just now.")
            return await super().__call__()

    async with aclosing(await open_news(platform, link, Away())) as news:
        assert await anext(news) == streams.QUIET
        platform.parts.bell.ring()
        assert "look 2" in await anext(news)


async def test_a_link_hears_of_news_in_ten_places_and_others_are_told(platform: Platform, link: Link) -> None:
    async with watching(platform, link, review_live.MOST_OF_LINK):
        refused = await link.get("/live?version=1")
        assert refused.status_code == 429
        assert "open in 10 places already" in refused.text
        assert (await link.get()).status_code == 200
        assert [one async for one in await open_news(platform, link, Page())] == []
        other = await ask(platform, link.client, name="Tom")
        async with watching(platform, other, 1):
            pass
    assert not platform.parts.watching
    async with watching(platform, link, 1):
        assert platform.parts.watching == {link.id: 1}


async def test_all_links_together_have_a_limit(
    platform: Platform, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_live, "MOST", 2)
    async with watching(platform, await ask(platform, link.client, name="Tom"), 2):
        refused = await link.get("/live?version=1")
    assert (refused.status_code, "Very many reviews" in refused.text) == (429, True)
