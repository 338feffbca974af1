"""What app hosts answer while nothing runs behind them."""

from collections.abc import AsyncIterator

import pytest
from httpx import ASGITransport, AsyncClient
from tests.server.pages.platform import ANNA, Platform

from sandbox_server.app import create_waker
from sandbox_server.operations import overview
from sandbox_server.operations.remove import remove_branch
from sandbox_server.pages.waker import FACES, waker_page

pytestmark = pytest.mark.anyio

HOST = "https://d1--sales-dashboard.apps.localhost"


@pytest.fixture
async def visitor(platform: Platform) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(create_waker(platform.parts)), base_url=HOST) as client:
        yield client


@pytest.mark.parametrize("kind", FACES)
def test_every_state_has_a_page(kind: str) -> None:
    page = waker_page(kind, "sales-dashboard", 42)  # type: ignore[arg-type]
    text = bytes(page.body).decode()
    assert FACES[kind].words in text
    assert "/static/" not in text
    assert int(page.headers["retry-after"]) > 0
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert ("Start it" in text) == (kind == "asleep")
    assert ('http-equiv="refresh"' in text) == (kind in ("starting", "building"))


def test_words_of_the_platform_are_escaped() -> None:
    text = bytes(waker_page("failed", "<b>app", None, "<script>x</script>").body).decode()
    assert "<script>" not in text
    assert "<b>app" not in text


async def test_an_unknown_host_is_told_so(visitor: AsyncClient) -> None:
    answer = await visitor.get("/", headers={"Host": "nothing.apps.localhost"})
    assert answer.status_code == 404
    assert "No app has this address." in answer.text


async def test_every_path_and_method_gets_an_answer(platform: Platform, visitor: AsyncClient) -> None:
    await platform.push()
    for method in ("GET", "POST", "PUT", "DELETE", "HEAD"):
        answer = await visitor.request(method, "/some/where?x=1")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]


async def test_the_control_plane_is_not_found_here(visitor: AsyncClient) -> None:
    for path in ("/login", "/api/v1/apps", "/static/page.js", "/__sandbox__/../../rendering.py"):
        assert (
            "No app has this address." in (await visitor.get(path, headers={"Host": "x.apps.localhost"})).text
        )


async def test_its_look_comes_from_the_same_host(visitor: AsyncClient) -> None:
    answer = await visitor.get("/__sandbox__/parts.css")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")


async def test_only_its_own_button_starts_an_app(platform: Platform, visitor: AsyncClient) -> None:
    number = await platform.push()
    for origin in ("https://evil.test", "https://other.apps.localhost", "null"):
        answer = await visitor.post("/__sandbox__/start", headers={"Origin": origin})
        assert answer.status_code == 503
    answer = await visitor.post("/__sandbox__/start?next=/deep", headers={"Origin": HOST})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/deep"
    assert (await overview.show_deployment(platform.parts, "sales-dashboard", number)).status


async def test_the_whole_address_that_was_wanted_opens_after_the_start(
    platform: Platform, visitor: AsyncClient
) -> None:
    number = await platform.push()
    await platform.set_asleep(number)
    text = (await visitor.get("/report?year=2026&q=a%20b")).text
    assert "start?next=%2Freport%3Fyear%3D2026%26q%3Da%2520b" in text


async def test_a_deployment_that_was_removed_says_so(platform: Platform, visitor: AsyncClient) -> None:
    await platform.push()
    await remove_branch(platform.parts, ANNA, "sales-dashboard", "main")
    answer = await visitor.get("/")
    assert answer.status_code == 410
    assert "d1 is not here any more" in answer.text
