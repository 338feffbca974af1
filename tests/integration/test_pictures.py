"""Comments get a picture of their place from the platform's own browser, also where the version sleeps."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright
from tests.chromium import CHROMIUM, QUIET
from tests.integration.frames import PAGE
from tests.integration.platform import Platform, deployment_host, until
from tests.server.visitor.test_picture import size

pytestmark = [pytest.mark.engine, pytest.mark.browser]

APP = "pictured"
SECONDS = 60
"""Until a page is there."""
PLACE = {
    "url": "/?from=review", "width": 900, "height": 600, "scroll_y": 300,
    "inputs": {"place": "second", "inner": "two", "late": "typed late", "go": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def platform(base_image: None) -> Iterator[Platform]:
    made = Platform(sleep_after=5, report_every=1, warm=0)
    try:
        made.start()
        made.deploy("inputs", APP)
        yield made
    finally:
        made.destroy()


def comment(platform: Platform, place: dict[str, Any], number: int) -> dict[str, Any]:
    """As it is once its picture was taken, or given up."""
    body = {"key": f"{number:032x}", "text": "The axis has no label.", "place": place}
    made = platform.api("POST", f"/apps/{APP}/deployments/1/comments", body).raise_for_status().json()

    def settled() -> dict[str, Any] | None:
        found: dict[str, Any] = platform.api("GET", f"/apps/{APP}/comments/{made['id']}").json()
        return None if found["picture_state"] == "waiting" else found

    found = until(settled, "its picture is there", lambda: platform.log[-2000:])
    assert found is not None
    return found


def test_what_sleeps_is_woken_for_its_picture(platform: Platform) -> None:
    platform.wait_status(APP, 1, "asleep")
    made = comment(platform, PLACE, 1)
    assert (made["picture_state"], made["picture_why"]) == ("taken", "Not as the reviewer had them: go.")
    answer = platform.api("GET", f"/apps/{APP}/comments/{made['id']}/picture")
    assert (answer.headers["content-type"], size(answer.content)) == ("image/png", (900, 600))


def test_what_sleeps_opens_by_itself_in_a_frame(platform: Platform) -> None:
    platform.wait_status(APP, 1, "asleep")
    with sync_playwright() as playwright:
        # The page is of our making and from no network: without the flag it may show nothing of this machine.
        flags = [*QUIET, "--test-third-party-cookie-phaseout", "--disable-features=LocalNetworkAccessChecks"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page()
        page.route(
            f"{platform.url}/stand-in", lambda route: route.fulfill(content_type="text/html", body=PAGE)
        )
        page.goto(f"{platform.url}/stand-in")
        page.evaluate(
            "(url) => { frame.src = url }", f"http://{deployment_host(APP, 1)}:{platform.port}/?tab=2"
        )
        page.frame_locator("iframe").get_by_text("Test version 1 is starting").wait_for()
        page.wait_for_function("answer('hello')", timeout=60_000)
        page.evaluate("ask({ sandbox: 'where', id: 7 })")
        page.wait_for_function("answer('place', 7)")
        assert page.evaluate("answer('place', 7).url") == "/?tab=2"
        browser.close()


def test_what_was_begun_is_there_when_the_version_has_slept_in_its_frame(platform: Platform) -> None:
    asked = platform.sandbox(
        "review", "request", "--branch", "main", "--to", "Rita <rita@example.org>", "--app", APP
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()
        page.goto(asked.document["url"])
        app = page.frame_locator("#app")
        expect(app.locator("#slide")).to_be_attached(timeout=SECONDS * 1000)
        page.get_by_label("What do you notice?").fill("Half a thought")
        # As when the computer sleeps: the connection is gone, and after a while the version sleeps too.
        app.locator("body").evaluate("() => Shiny.shinyapp.$socket.close()")
        page.get_by_text("The app has lost its connection").wait_for()
        # The very moment matters: the old instance may still be there, and is up before the page has its files.
        platform.wait_status(APP, 1, "asleep")
        page.get_by_role("button", name="Load again").click()
        expect(app.locator("#slide")).to_be_attached(timeout=SECONDS * 1000)
        assert page.get_by_label("What do you notice?").input_value() == "Half a thought"
        page.get_by_role("button", name="Send the comment").click()
        page.get_by_text("Your comment was sent.").wait_for(timeout=SECONDS * 1000)
        browser.close()
