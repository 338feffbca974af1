"""The whole way of a review on a real platform: asked for, tried in a browser, judged, and only then released."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from playwright.async_api import Browser, FrameLocator, Page, async_playwright, expect
from tests.chromium import CHROMIUM, QUIET
from tests.integration.platform import Platform, Result, app_folder, release_host, until

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.browser]

APP = "reviewed"
RITA = "Rita Reviewer <rita@example.org>"
MOMENT = 30_000
"""Milliseconds."""


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture(scope="module")
def olga(platform: Platform) -> str:
    """An administrator's token."""
    return platform.sandboxd("user", "add", "olga", "--admin").out.strip()


async def test_what_nobody_accepted_is_not_released_and_what_somebody_did_is(
    platform: Platform, chromium: Browser, olga: str, tmp_path: Path
) -> None:
    folder = app_folder(tmp_path, "reviewed")
    await do(platform.deploy, folder, APP, "main", "--note", "Regions can be chosen.")
    refused = await do(platform.sandbox, "promote", "d1", "--app", APP)
    assert (refused.code, refused.error["code"]) == (1, "gate_closed"), refused
    assert "sandbox review request" in str(refused.error)
    url = await ask(platform)

    page = await (await chromium.new_context(viewport={"width": 1280, "height": 900})).new_page()
    await page.goto(url)
    await expect(page.get_by_role("heading", name="Test version 1")).to_be_visible()
    for words in ("Regions can be chosen.", "test data of 20 November", "Choose the region south."):
        await expect(page.locator("#panel")).to_contain_text(words)
    app = await settled(page)
    await expect(app.locator("sandbox-ribbon")).to_be_attached()
    await app.locator("select#region").select_option("south")
    await expect(app.locator("#said")).to_have_text("south over 5 years", timeout=MOMENT)
    await page.get_by_label("What do you notice?").fill("South is <b>too</b> small.")
    await page.get_by_role("button", name="Send the comment").click()
    remark = page.locator(".remark")
    await expect(remark).to_contain_text("South is <b>too</b> small.")
    await expect(remark.locator("img")).to_be_visible(timeout=2 * MOMENT)
    await is_kept_with_its_place(platform, chromium, page)

    await sign(page, "Accept")
    await expect(page.locator("#verdict")).to_contain_text("You accepted test version 1")
    await do(platform.promote, APP, 1)
    assert await do(platform.shown, release_host(APP)) == "d1"

    await a_newer_push_starts_anew(platform, page, folder, url)
    await both_are_compared_on_a_phone(chromium, url)
    await over_is_over(platform, chromium, url)
    await somebody_releases_it_all_the_same(platform, olga)


async def is_kept_with_its_place(platform: Platform, chromium: Browser, review: Page) -> None:
    listed = (await do(platform.sandbox, "review", "list", "--app", APP)).document
    number = listed["comments"][0]["id"]
    kept = (await do(platform.sandbox, "review", "show", "--comment", str(number), "--app", APP)).document
    assert kept["place"]["inputs"]["region"] == "south"
    assert any("asked for south" in line["text"] for line in kept["log"]), kept["log"]
    assert (kept["picture_state"], kept["picture_why"]) == ("taken", "")

    login = platform.api("POST", "/login-links").json()["url"]
    page = await (await chromium.new_context()).new_page()
    await page.goto(login)
    await page.get_by_role("button", name=re.compile("Log in", re.IGNORECASE)).click()
    await both_hear_of_each_other(platform, page, review)
    await page.goto(f"{platform.url}/apps/{APP}/comments/{number}/open")
    restored = page.frame_locator("#app")
    await expect(restored.locator("#said")).to_have_text("south over 5 years", timeout=MOMENT)
    await page.context.close()


async def both_hear_of_each_other(platform: Platform, publisher: Page, reviewer: Page) -> None:
    """Without anybody loading a page again."""
    overview = await publisher.context.new_page()
    await overview.goto(f"{platform.url}/apps/{APP}")
    await publisher.goto(f"{platform.url}/apps/{APP}/reviews")
    await expect(publisher.get_by_text("1 open comment").first).to_be_visible(timeout=MOMENT)
    await reviewer.get_by_label("What do you notice?").fill("The axis has no name.")
    await reviewer.get_by_role("button", name="Send the comment").click()
    await expect(publisher.get_by_text("The axis has no name.")).to_be_visible(timeout=MOMENT)
    await expect(overview.get_by_text("2 open comments").first).to_be_visible(timeout=MOMENT)
    await publisher.get_by_role("link", name="The axis has no name.").click()
    await publisher.get_by_label("Your answer").fill("It will have one.")
    await publisher.get_by_role("button", name="Answer and resolve").click()
    await expect(reviewer.locator("#comments")).to_contain_text("Settled (1)", timeout=MOMENT)
    await reviewer.get_by_text("Settled (1)").click()
    await expect(reviewer.get_by_text("It will have one.")).to_be_visible(timeout=MOMENT)


async def both_are_compared_on_a_phone(chromium: Browser, url: str) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    context = await chromium.new_context(**phone)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(url)
    await settled(page)
    async with context.expect_page() as opened:
        await page.get_by_role("link", name="Compare").first.tap()
    both = await opened.value
    test, live = (both.frame_locator(f"iframe[title^={one}]") for one in ("Test", "Live"))
    await expect(test.locator("#said")).to_contain_text("north", timeout=MOMENT)
    await test.locator("select#region").select_option("east")
    await both.get_by_text("Live version 1").first.tap()
    await expect(live.locator("#said")).to_contain_text("north", timeout=MOMENT)
    await expect(live.locator("sandbox-ribbon")).to_have_count(0)
    await both.get_by_text("Test version 2").first.tap()
    await expect(test.locator("#said")).to_have_text("east over 5 years", timeout=MOMENT)
    await context.close()


async def a_newer_push_starts_anew(platform: Platform, page: Page, folder: Path, url: str) -> None:
    (folder / "NEWS.md").write_text("# Version 2\n\n- The south is larger.\n")
    await do(platform.deploy, folder, APP)
    refused = await do(platform.sandbox, "promote", "d2", "--app", APP)
    assert refused.error["code"] == "gate_closed"
    assert "review" in refused.error["message"] + refused.error["detail"]
    await expect(page.locator("[data-part=newer]")).to_contain_text("test version 2", timeout=MOMENT)
    await expect(page.get_by_role("heading", name="Test version 1", exact=False).first).to_be_visible()

    await page.get_by_role("link", name="Show test version 2").first.click()
    await expect(page.locator("#panel")).to_contain_text("The south is larger.")
    await expect(page.locator(".remark").first).to_contain_text("on test version 1")
    await sign(page, "Reject")
    await expect(page.locator("#verdict")).to_contain_text("You rejected test version 2")
    refused = await do(platform.sandbox, "promote", "d2", "--app", APP)
    assert "Rita Reviewer" in refused.error["message"] + refused.error["detail"]
    assert await do(platform.shown, release_host(APP)) == "d1"


async def over_is_over(platform: Platform, chromium: Browser, url: str) -> None:
    page = await (await chromium.new_context()).new_page()
    flipped = url[:-1] + chr(ord(url[-1]) ^ 1)
    answer = await page.goto(flipped)
    assert answer is not None
    assert answer.status == 404
    [link] = (await do(platform.sandbox, "review", "list", "--app", APP)).document["reviews"]
    assert (await do(platform.sandbox, "review", "revoke", str(link["id"]), "--app", APP)).code == 0
    answer = await page.goto(url)
    assert answer is not None
    assert answer.status == 410
    assert "Log in" not in await page.locator("body").inner_text()


async def somebody_releases_it_all_the_same(platform: Platform, olga: str) -> None:
    words = ("promote", "d2", "--app", APP, "--override", "--reason", "The auditors come today")
    assert (await do(platform.sandbox, *words)).error["code"] == "forbidden"
    silent = await do(platform.sandbox, *words[:-2], token=olga)
    assert silent.code != 0
    assert await do(platform.shown, release_host(APP)) == "d1"
    done = await do(platform.sandbox, *words, token=olga)
    assert done.code == 0, done
    assert await do(platform.shown, release_host(APP)) == "d2"
    newest = (await do(platform.releases, APP))[0]
    assert newest["override"]
    assert newest["reason"] == "The auditors come today"


async def ask(platform: Platform, app: str = APP) -> str:
    asked: Result = await do(
        platform.sandbox, "review", "request", "--branch", "main", "--to", RITA, "--app", app
    )
    assert asked.code == 0, asked
    return str(asked.document["url"])


async def sign(page: Page, word: str) -> None:
    await page.get_by_role("radio", name=re.compile(f"^{word} “")).check()
    await page.get_by_role("button", name="Sign and send my verdict").click()


async def settled(page: Page) -> FrameLocator:
    """The app in its frame, as soon as its session shows something."""
    app = page.frame_locator("#app")
    await expect(app.locator("#said")).to_contain_text("over", timeout=MOMENT)
    return app


async def do(call: Any, *words: Any, **more: Any) -> Any:
    return await to_thread.run_sync(lambda: call(*words, **more))


GUARDED = """
#* @get /
#* @serializer html
function(res) {
  res$setHeader("X-Frame-Options", "DENY")
  "<!doctype html><html><head><title>Guarded</title></head><body><h1>Guarded sales</h1></body></html>"
}
"""


async def test_an_app_that_is_not_to_be_framed_is_reviewed_in_its_own_tab(
    platform: Platform, chromium: Browser, tmp_path: Path
) -> None:
    (tmp_path / "plumber.R").write_text(GUARDED)
    await do(platform.deploy, tmp_path, "guarded")
    page = await (await chromium.new_context()).new_page()
    await page.goto(await ask(platform, "guarded"))
    await expect(page.get_by_text("The app does not answer this page yet.")).to_be_visible(timeout=2 * MOMENT)
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="Open the app in its own tab").click()
    tab = await opened.value
    await expect(tab.get_by_role("heading", name="Guarded sales")).to_be_visible(timeout=MOMENT)
    await page.get_by_label("What do you notice?").fill("Seen in its own tab")
    await page.get_by_role("button", name="Send the comment").click()
    await expect(page.locator(".remark")).to_contain_text("Seen in its own tab", timeout=MOMENT)
    await sign(page, "Accept")
    await expect(page.locator("#verdict")).to_contain_text("You accepted test version 1", timeout=MOMENT)


def test_nothing_of_a_link_is_in_any_log(platform: Platform, tmp_path: Path) -> None:
    platform.deploy("hello", "quietly")
    asked = platform.sandbox("review", "request", "--branch", "main", "--to", RITA, "--app", "quietly")
    token = asked.document["url"].rpartition("/")[2]
    opened = platform.get("sandbox.localhost", f"/r/{token}")
    assert opened.status_code == 200
    until(lambda: platform.log, "the server says something")
    assert token not in platform.log
    for file in (platform.home / "logs").rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes()
