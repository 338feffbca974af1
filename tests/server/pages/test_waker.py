"""What app hosts answer while nothing runs behind them."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from tests.server.cast import ANNA, APP
from tests.server.pages.answering import Answering
from tests.server.platform import Platform, open_platform

from sandbox_server.app import create_waker
from sandbox_server.operations.remove import remove_branch
from sandbox_server.operations.wake import WakeState
from sandbox_server.pages.passing import passable
from sandbox_server.pages.waker import FACES, waker_page

pytestmark = pytest.mark.anyio

LABEL = f"d1--{APP}.apps.localhost"
HOST = f"http://{LABEL}:8080"
PAGE = {"Accept": "text/html"}


@pytest.fixture
async def platform(tmp_path: Path, empty_database: Path) -> AsyncIterator[Platform]:
    """Instances have addresses on which a test can listen."""
    async with open_platform(tmp_path, empty_database, hold=10) as opened:
        opened.parts.subnet = IPv4Network("127.77.0.0/22")
        yield opened


@pytest.fixture
async def visitor(platform: Platform) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(create_waker(platform.parts)), base_url=HOST) as client:
        yield client


@pytest.fixture
async def asleep(platform: Platform) -> Platform:
    """d1, which sleeps."""
    await platform.deploy()
    await platform.sleep(1000)
    await platform.sleep(60)
    assert await platform.running() == []
    return platform


@pytest.mark.parametrize("kind", sorted(FACES.keys() - {"again"}))
def test_every_state_has_a_page(kind: str) -> None:
    page = waker_page(WakeState(kind, APP, 42))  # type: ignore[arg-type]
    text = bytes(page.body).decode()
    assert FACES[kind].words in text
    assert "/static/" not in text
    assert int(page.headers["retry-after"]) > 0
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert ('http-equiv="refresh"' in text) == (kind in ("asleep", "starting", "building", "away"))


def test_a_page_may_stand_in_a_frame_as_the_app_may() -> None:
    headers = waker_page(WakeState("starting", APP, 1)).headers
    assert "x-frame-options" not in headers
    assert "frame-ancestors" not in headers["content-security-policy"]


def test_progress_is_measured_by_the_usual_time() -> None:
    text = bytes(waker_page(WakeState("starting", APP, 1, usual=2.0, elapsed=1.0)).body).decode()
    assert 'value="50"' in text
    assert "usually 2.0 s" in text
    late = bytes(waker_page(WakeState("starting", APP, 1, usual=2.0, elapsed=9.0)).body).decode()
    assert 'value="95"' in late
    queued = bytes(waker_page(WakeState("starting", APP, 1, usual=2.0, ahead=3)).body).decode()
    assert "3 before it in the queue" in queued
    assert "value=" not in queued.partition("<progress")[2].partition(">")[0]


def test_words_of_the_platform_are_escaped() -> None:
    text = bytes(waker_page(WakeState("starting", "<b>app", None, "<script>x</script>")).body).decode()
    assert "<script>x" not in text
    assert "<b>app" not in text


async def test_an_unknown_host_is_told_so(visitor: AsyncClient) -> None:
    for headers in (PAGE, {}):
        answer = await visitor.get("/", headers={"Host": "nothing.apps.localhost", **headers})
        assert answer.status_code == 404
        assert "No app has this address." in answer.text


async def test_the_control_plane_is_not_found_here(visitor: AsyncClient) -> None:
    for path in (
        "/login",
        "/api/v1/apps",
        "/static/page.js",
        "/__sandbox__/page/page.js",
        "/__sandbox__/page/../../rendering.py",
    ):
        answer = await visitor.get(path, headers={"Host": "x.apps.localhost"})
        assert "No app has this address." in answer.text


async def test_its_look_comes_from_the_same_host(visitor: AsyncClient) -> None:
    for file, kind in (("parts.css", "text/css"), ("waker.js", "text/javascript")):
        answer = await visitor.get(f"/__sandbox__/page/{file}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)


async def test_a_page_load_wakes_and_then_leads_to_the_very_address(
    asleep: Platform, visitor: AsyncClient
) -> None:
    answer = await visitor.get("/report?year=2026&q=a%20b", headers=PAGE)
    assert (answer.status_code, "is starting" in answer.text) == (503, True)
    await asleep.work()
    again = await visitor.get("/report?year=2026&q=a%20b", headers=PAGE)
    assert again.status_code == 307
    assert again.headers["location"] == f"{HOST}/report?year=2026&q=a%20b"


async def test_a_page_hears_how_far_it_is(asleep: Platform, visitor: AsyncClient) -> None:
    await visitor.get("/", headers=PAGE)
    async with asleep.worker():
        text = (await visitor.get("/__sandbox__/page/live")).text
    assert text.startswith("event: state\ndata: {")
    assert text.endswith("event: up\ndata: {}\n\n")


async def test_a_page_of_what_cannot_start_hears_that_it_is_over(
    asleep: Platform, visitor: AsyncClient
) -> None:
    asleep.runtime.status = None
    await visitor.get("/", headers=PAGE)
    await asleep.work()
    assert (await visitor.get("/__sandbox__/page/live")).text == "event: over\ndata: {}\n\n"
    page = await visitor.get("/deep?a=1", headers=PAGE)
    assert "did not start" in page.text
    assert 'action="/__sandbox__/start?next=/deep%3Fa%3D1"' in page.text


async def test_only_its_own_button_tries_again(asleep: Platform, visitor: AsyncClient) -> None:
    asleep.runtime.status = None
    await visitor.get("/", headers=PAGE)
    await asleep.work()
    for origin in ("https://evil.test", "http://other.apps.localhost", "null"):
        answer = await visitor.post("/__sandbox__/start", headers={"Origin": origin})
        assert answer.status_code == 503
    assert await asleep.status(1) == "asleep"
    answer = await visitor.post("/__sandbox__/start?next=/deep", headers={"Origin": HOST})
    assert (answer.status_code, answer.headers["location"]) == (303, "/deep")
    assert await asleep.status(1) == "starting"


async def test_a_program_gets_the_apps_own_answer(asleep: Platform, visitor: AsyncClient) -> None:
    async with Answering(asleep) as app, asleep.worker():
        app.headers = {
            "Set-Cookie": "mine=1; Domain=apps.localhost; Path=/",
            "X-Sandbox-Deployment": "d9",
            "Connection": "X-Gone",
            "X-Gone": "1",
            "Content-Type": "text/html",
        }
        answer = await visitor.get("/data?x=a%2Fb", headers={"Accept": "*/*", "X-Own": "1"})
    assert (answer.status_code, answer.text) == (200, "GET /data?x=a%2Fb")
    assert app.asked["x-own"] == "1"
    assert app.asked["host"] == f"{LABEL}:8080"
    assert answer.headers["set-cookie"] == "mine=1; Path=/"
    assert answer.headers["x-sandbox-deployment"] == "d1"
    assert answer.headers["cache-control"] == "no-cache"
    assert "x-gone" not in answer.headers


async def test_an_app_sets_no_cookie_of_the_platform(asleep: Platform, visitor: AsyncClient) -> None:
    async with Answering(asleep) as app, asleep.worker():
        app.headers = {"Set-Cookie": "sandbox_pin=d9; Path=/"}
        answer = await visitor.get("/")
    assert "set-cookie" not in answer.headers


async def test_many_programs_are_held_and_wake_it_once(asleep: Platform, visitor: AsyncClient) -> None:
    async with Answering(asleep), asleep.worker():
        answers = await asyncio.gather(*(visitor.get(f"/{number}") for number in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.text for answer in answers] == [f"GET /{number}" for number in range(50)]
    assert len([job for job in await asleep.jobs() if job.kind == "wake"]) == 1
    assert asleep.parts.held == 0


async def test_what_changes_something_is_told_to_come_again(asleep: Platform, visitor: AsyncClient) -> None:
    async with asleep.worker():
        answer = await visitor.post("/form?a=1", content=b"x" * 100_000)
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{HOST}/form?a=1"


async def test_a_path_that_looks_like_another_host_leads_nowhere_else(
    asleep: Platform, visitor: AsyncClient
) -> None:
    async with asleep.worker():
        answer = await visitor.post("//evil.test/form")
    assert answer.headers["location"].startswith(f"{HOST}/")


async def test_who_is_not_waited_for_wakes_nothing(asleep: Platform, visitor: AsyncClient) -> None:
    for path, headers in (("/favicon.ico", {}), ("/", {"Sec-Purpose": "prefetch"})):
        answer = await visitor.get(path, headers=headers)
        assert (answer.status_code, "is asleep" in answer.text) == (503, True)
    assert await asleep.status(1) == "asleep"


async def test_whoever_waits_too_long_gets_a_word(platform: Platform, visitor: AsyncClient) -> None:
    platform.parts.settings.hold = 0.2
    await platform.push()
    answer = await visitor.get("/data")
    assert answer.status_code == 503
    assert "d1 is being built" in answer.text
    assert answer.headers["retry-after"]


async def test_too_many_waiting_ones_are_sent_away(asleep: Platform, visitor: AsyncClient) -> None:
    asleep.parts.held = 1000
    answer = await visitor.get("/data")
    assert answer.status_code == 503
    assert await asleep.status(1) == "starting", "it wakes all the same"


async def test_a_deployment_that_was_removed_says_so(platform: Platform, visitor: AsyncClient) -> None:
    await platform.deploy()
    await remove_branch(platform.parts, ANNA, APP, "main")
    answer = await visitor.get("/", headers=PAGE)
    assert answer.status_code == 410
    assert "Test version 1 is not here any more" in answer.text


@pytest.mark.parametrize(
    "path", ["/__sandbox__/report", "/%5F_sandbox__/x", "/a/../__SANDBOX__/report", "/%255F_sandbox__/x"]
)
def test_the_runners_own_paths_are_never_passed_on(path: str) -> None:
    assert not passable(path)
