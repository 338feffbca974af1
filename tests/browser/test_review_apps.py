"""What apps and links do to the reviewer's page: in frames, in tabs of their own, hostile, withdrawn, compared."""

import pytest
from playwright.async_api import Browser, async_playwright, expect
from tests.browser.stage import APP, HOSTILE, Stage, choose, come, look, said
from tests.chromium import CHROMIUM, QUIET
from tests.server.pages.platform import ANNA

from sandbox_server.operations.invite import revoke
from sandbox_server.operations.reviews import verdicts_of

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

SCRIPT = "- Choose the region South\n- Download the table"
NO_THIRD_PARTY_COOKIES = "--test-third-party-cookie-phaseout"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def test_it_works_where_third_party_cookies_are_blocked(stage: Stage) -> None:
    number = await stage.push("cookies")
    async with async_playwright() as play:
        strict = await play.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, NO_THIRD_PARTY_COOKIES])
        rita = await come(strict)
        page = rita.page
        await look(page, await stage.ask("cookies"))
        await choose(page, "South")
        await page.get_by_label("What do you notice?").fill("From the south")
        await page.get_by_role("button", name="Send the comment").click()
        await expect(page.get_by_text("Your comment was sent.")).to_be_visible()
        await page.get_by_role("button", name="Load again").click()
        await page.get_by_role("radio", name="Accept “").check()
        await page.get_by_role("button", name="Sign and send").click()
        await expect(page.get_by_text("You accepted test version")).to_be_visible()
        assert await page.context.cookies() == []
        assert rita.complaints == []
        await strict.close()
    place = (await said(stage, "cookies"))[0].place
    assert place
    assert place.inputs == {"region": "South"}
    assert (await verdicts_of(stage.platform.parts, APP, number))[0].outcome == "accepted"


async def test_an_app_that_leads_away_from_itself_is_said_to_be_gone_and_comes_back(
    stage: Stage, browser: Browser
) -> None:
    await stage.push("leaves")
    page = (await come(browser)).page
    await page.clock.install()
    await look(page, await stage.ask("leaves"))
    frame = page.frame_locator("#app")
    await expect(frame.get_by_role("heading", name="Sales (d")).to_be_visible()
    await frame.locator("body").evaluate("body => { location.href = '//sandbox.localhost:1/'; }")
    await expect(frame.get_by_role("heading", name="Sales (d")).to_be_hidden()
    gone = page.get_by_text("The app does not answer this page yet.")
    await page.clock.run_for(30_000)
    await expect(gone).to_be_visible()
    await page.get_by_role("button", name="Load again").click()
    await expect(frame.get_by_role("heading", name="Sales (d")).to_be_visible()
    await expect(gone).to_be_hidden()


async def test_an_app_that_is_not_to_be_framed_opens_in_its_own_tab_and_the_review_stays(
    stage: Stage, browser: Browser
) -> None:
    await stage.push("refuses")
    stage.apps.headers["X-Frame-Options"] = "DENY"
    page = (await come(browser)).page
    await page.clock.install()
    await look(page, await stage.ask("refuses"))
    await page.clock.run_for(30_000)
    await expect(page.get_by_text("The app does not answer this page yet.")).to_be_visible()
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="Open the app in its own tab").click()
    tab = await opened.value
    await expect(tab.get_by_role("heading", name="Sales (d")).to_be_visible()
    assert await tab.evaluate("[window.opener, document.referrer]") == [None, ""]
    await expect(page.get_by_text("The app is open in its own tab.")).to_be_visible()
    await page.get_by_label("What do you notice?").fill("Seen in the tab")
    await page.get_by_role("button", name="Send the comment").click()
    await expect(page.get_by_text("Your comment was sent.")).to_be_visible()
    assert (await said(stage, "refuses"))[0].place is None


async def test_a_hostile_app_reaches_nothing(stage: Stage, browser: Browser) -> None:
    number = await stage.push("hostile")
    stage.apps.script = HOSTILE % stage.url
    review = await stage.ask("hostile")
    page = (await come(browser)).page
    await look(page, review)
    frame = page.frame(url=lambda url: ".apps.localhost" in url)
    assert frame
    await frame.wait_for_function("window.seen && window.seen.length === 4")
    assert await frame.evaluate("window.seen") == ["refused"] * 4
    assert await frame.evaluate("document.referrer") == ""
    await page.get_by_label("What do you notice?").fill("It plays tricks")
    await page.get_by_role("button", name="Send the comment").click()
    await expect(page.get_by_text("Your comment was sent.")).to_be_visible()
    place = (await said(stage, "hostile"))[0].place
    assert place
    assert (place.url, place.scroll_x, place.inputs) == ("/", 0, {})
    assert await page.locator("img[src=x]").count() == 0
    assert page.url.startswith(review.url)
    assert await verdicts_of(stage.platform.parts, APP, number) == []
    token = review.url.rpartition("/")[2]
    assert not any(token in value for asked in stage.apps.asked for value in asked.values())


async def test_a_link_that_is_withdrawn_meanwhile_leaves_what_was_written(
    stage: Stage, browser: Browser
) -> None:
    await stage.push("withdrawn")
    review = await stage.ask("withdrawn")
    page = (await come(browser)).page
    await look(page, review)
    await page.get_by_label("What do you notice?").fill("Still here")
    await revoke(stage.platform.parts, ANNA, APP, review.id)
    await expect(page.get_by_text("This link was withdrawn.")).to_be_visible()
    await page.get_by_role("button", name="Send the comment").click()
    await expect(page.get_by_text("This link was withdrawn. Ask anna for a new one.").last).to_be_visible()
    await expect(page.get_by_label("What do you notice?")).to_have_value("Still here")
    await page.reload()
    await expect(page.get_by_role("heading", name="This link is over")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
async def test_live_and_test_version_are_compared(stage: Stage, browser: Browser, width: int) -> None:
    await stage.push(f"compare-{width}")
    rita = await come(browser, viewport={"width": width, "height": 844})
    page = rita.page
    await look(page, await stage.ask(f"compare-{width}"))
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="Compare").first.click()
    both = await opened.value
    live, test = both.locator("iframe[title^=Live]"), both.locator("iframe[title^=Test]")
    await expect(test).to_be_visible()
    if width == 390:
        await expect(live).to_be_hidden()
        await both.get_by_text("Live version 1").first.click()
        await expect(test).to_be_hidden()
    await expect(live).to_be_visible()
    root = "document.documentElement"
    assert await both.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    assert rita.complaints == []
