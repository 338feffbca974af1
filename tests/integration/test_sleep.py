"""Sandboxes that nobody uses sleep; the first request of any kind wakes them, and gets what it asked for."""

import http.client
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright
from tests.chromium import CHROMIUM, QUIET
from tests.integration.platform import APPS, NO_BROWSER, Platform, branch_host, deployment_host, until

pytestmark = [pytest.mark.engine]

SHINY = "naps"
PLUMBER = "naps-api"
AFTER = 4


@pytest.fixture(scope="module")
def platform(base_image: None) -> Iterator[Platform]:
    """A Shiny app and an API, which sleep after a few seconds."""
    made = Platform(chromium=NO_BROWSER, sleep_after=AFTER, report_every=1, warm=0)
    try:
        made.start()
        made.deploy("hello", SHINY)
        made.deploy(APPS / "kind-plumber", PLUMBER)
        yield made
    finally:
        made.destroy()


@pytest.fixture
def shiny(platform: Platform) -> str:
    """Its host, asleep."""
    return asleep(platform, SHINY)


@pytest.fixture
def api(platform: Platform) -> str:
    return asleep(platform, PLUMBER)


def asleep(platform: Platform, app: str) -> str:
    platform.wait_status(app, 1, "asleep")
    names = [name for one in platform.containers(running=False) for name in [one["Name"]]]
    until(
        lambda: not any(f"-{app}-d1-" in one["Name"] for one in platform.containers(running=False)),
        "its container is gone",
        lambda: names,
    )
    return branch_host(app, "main")


def woken(platform: Platform, app: str) -> int:
    """How often it was woken so far."""
    events = platform.api("GET", f"/apps/{app}/events?limit=1000").raise_for_status().json()
    return sum(
        (event["action"], event["old"], event["new"]) == ("deployment.moved", "asleep", "starting")
        for event in events
    )


def ask(platform: Platform, host: str, method: str, path: str = "/", **headers: str) -> httpx.Response:
    """As programs ask: nothing said of what they are."""
    sent = {"Host": f"{host}:{platform.port}", "Accept": "*/*", **headers}
    with httpx.Client(trust_env=False, timeout=60) as client:
        return client.request(method, f"http://127.0.0.1:{platform.port}{path}", headers=sent)


def _seconds(span: float) -> Callable[[], bool]:
    """Whether so many are over."""
    end = time.monotonic() + span
    return lambda: time.monotonic() > end


def test_a_page_load_tells_how_far_it_is_and_then_the_app_opens(platform: Platform, shiny: str) -> None:
    first = platform.get(shiny, "/?a=1")
    assert first.status_code == 503
    assert "is starting" in first.text
    assert "usually" in first.text
    assert 'http-equiv="refresh"' in first.text
    until(lambda: platform.shown(shiny) == "d1", "it is awake")
    assert platform.deployment(SHINY, 1)["seconds"]["wake"] > 0


@pytest.mark.browser
def test_a_browser_comes_to_the_very_address_that_was_asked_for(platform: Platform, shiny: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()
        page.goto(f"http://{shiny}:{platform.port}/?year=2026&q=a%20b#part", wait_until="domcontentloaded")
        expect(page.locator("#greeting")).to_have_text("hello from d1", timeout=60_000)
        assert page.url == f"http://{shiny}:{platform.port}/?year=2026&q=a%20b#part"
        browser.close()


def test_a_program_is_held_and_gets_the_apps_own_answer(platform: Platform, api: str) -> None:
    before = woken(platform, PLUMBER)
    answer = ask(platform, api, "GET", "/echo?words=morning")
    assert answer.status_code == 200, answer.text
    assert "morning" in answer.text
    assert answer.headers["X-Sandbox-Deployment"] == "d1"
    assert woken(platform, PLUMBER) == before + 1


def test_what_changes_something_is_told_to_come_again_once_it_is_awake(platform: Platform, api: str) -> None:
    answer = ask(platform, api, "POST", "/echo?words=a")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"http://{api}:{platform.port}/echo?words=a"
    again = ask(platform, api, "POST", "/echo?words=a")
    assert again.headers["X-Sandbox-Deployment"] == "d1"


def test_a_websocket_wakes_nothing(platform: Platform, shiny: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=20)
    headers = {
        "Host": f"{shiny}:{platform.port}", "Connection": "Upgrade", "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
        "Origin": f"http://{shiny}:{platform.port}",
    }  # fmt: skip
    connection.request("GET", "/websocket/", headers=headers)
    assert connection.getresponse().status == 503
    connection.close()
    for headers in ({"Sec-Purpose": "prefetch"}, {}):
        answer = ask(platform, shiny, "GET", "/favicon.ico" if not headers else "/", **headers)
        assert answer.status_code == 503
    assert platform.deployment(SHINY, 1)["status"] == "asleep"


def test_fifty_at_once_wake_it_once(platform: Platform, shiny: str) -> None:
    before = woken(platform, SHINY)
    hosts = [shiny, deployment_host(SHINY, 1)]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: ask(platform, hosts[number % 2], "GET"), range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert all("shiny" in answer.text.lower() for answer in answers)
    assert woken(platform, SHINY) == before + 1


def test_a_session_keeps_it_awake(platform: Platform, shiny: str) -> None:
    ask(platform, shiny, "GET")
    with platform.session(shiny):
        until(
            lambda: platform.deployment(SHINY, 1)["sessions"] == 1 and platform.deployment(SHINY, 1),
            "the session is counted",
        )
        before = woken(platform, SHINY)
        until(_seconds(3 * AFTER), "time goes by")
        assert platform.deployment(SHINY, 1)["status"] == "ready"
        assert woken(platform, SHINY) == before


def test_requests_alone_keep_an_api_awake(platform: Platform, api: str) -> None:
    ask(platform, api, "GET", "/echo?words=a")
    before = woken(platform, PLUMBER)
    over = _seconds(3 * AFTER)
    until(lambda: ask(platform, api, "GET", "/echo?words=a").status_code != 200 or over(), "time goes by")
    assert woken(platform, PLUMBER) == before


def test_a_kill_in_the_middle_of_a_wake_loses_nothing(platform: Platform, shiny: str) -> None:
    platform.stop()
    platform.start(failpoint="wake.routed")
    platform.get(shiny)
    platform.wait_until_killed()
    platform.start()
    until(lambda: platform.shown(shiny) == "d1", "it is awake")
    asleep(platform, SHINY)
