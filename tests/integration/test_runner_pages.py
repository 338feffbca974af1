"""What our script does in an app's page: notices, and words for a connection that was lost."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from anyio import to_thread
from docker import APIClient
from playwright.async_api import Error, Locator, Page, expect
from tests.integration.r_apps import Apps, Instance, browser_page
from tests.integration.runner_door import KEY, notify, report, reported

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.browser]

STYLES = b"""
library(shiny)
ui <- fluidPage(
  tags$style("div { display: none !important } * { color: red !important; font-size: 80px !important }"),
  textInput("typed", "typed"), textOutput("greeting")
)
shinyApp(ui, function(input, output, session) output$greeting <- renderText("hello"))
"""
RECONNECTS = b"""
library(shiny)
ui <- fluidPage(actionButton("more", "more"), textOutput("count"))
shinyApp(ui, function(input, output, session) {
  session$allowReconnect(TRUE)
  output$count <- renderText(paste("count", input$more))
})
"""


@asynccontextmanager
async def open_page(instance: Instance) -> AsyncIterator[Page]:
    """Its problems are the test's."""
    await instance.answer()
    problems: list[str] = []
    async with browser_page() as page:
        page.on("pageerror", lambda error: problems.append(str(error)))
        await come_up(page, instance)
        yield page
    assert not problems


async def come_up(page: Page, instance: Instance, sessions: int = 1) -> None:
    """Chromium drops what it loads when a container comes or goes anywhere on the machine: then once more."""
    for _ in range(3):
        await page.goto(instance.url)
        with suppress(Error):
            await page.wait_for_function("window.Shiny?.shinyapp?.$socket?.readyState === 1", timeout=30_000)
            await reported(instance, lambda said: said.sessions == sessions)
            return
    raise AssertionError("no session came up")


def notice_in(page: Page) -> Locator:
    return page.locator("sandbox-notice >> div")


async def engine(instance: Instance, verb: str) -> None:
    def call() -> None:
        client = APIClient(version="auto")
        getattr(client, verb)(instance.name)
        client.close()

    await to_thread.run_sync(call)


async def test_notices_come_into_open_pages_and_into_those_that_open_later(apps: Apps) -> None:
    instance = await apps.start("hello", KEY)
    async with open_page(instance) as page:
        await notify(instance, "update", name="u1")
        assert (await report(instance)).notice == "u1"
        shown = notice_in(page)
        await expect(shown).to_contain_text("A new version of this app is available.")
        await expect(shown).to_have_attribute("role", "status")
        await notify(instance, "drain", time.time() + 3600, name="d1")
        await expect(shown).to_contain_text("This version of the app ends at")
        await expect(shown).to_have_attribute("role", "alert")
        await expect(shown.get_by_role("timer")).to_have_text("59:59")
        assert page.context.browser is not None
        other = await page.context.browser.new_page()
        await come_up(other, instance, sessions=2)
        await expect(notice_in(other)).to_contain_text("This version of the app ends at")
        await notify(instance, "none", name="n2")
        await expect(shown).to_have_count(0)
        await expect(notice_in(other)).to_have_count(0)


async def test_a_notice_can_be_put_away_and_comes_back_in_the_last_minute(apps: Apps) -> None:
    instance = await apps.start("hello", KEY)
    async with open_page(instance) as page:
        await notify(instance, "drain", time.time() + 63, "Security fix: please save your work.")
        await expect(notice_in(page)).to_contain_text("Security fix: please save your work.")
        await notice_in(page).get_by_role("button", name="Hide").click()
        await expect(notice_in(page)).to_have_count(0)
        await expect(notice_in(page)).to_contain_text("Security fix: please save your work.")


async def test_an_apps_styles_do_not_reach_a_notice(apps: Apps) -> None:
    instance = await apps.start({"app.R": STYLES}, KEY)
    async with open_page(instance) as page:
        await notify(instance, "update")
        for width in (1280, 390):
            await page.set_viewport_size({"width": width, "height": 700})
            box = await notice_in(page).bounding_box()
            assert box is not None
            assert box["height"] < 160
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        await expect(notice_in(page).locator("p").first).to_have_css("font-size", "15px")


async def test_a_page_that_is_moved_reloads_itself_at_the_time(apps: Apps) -> None:
    instance = await apps.start("hello", KEY)
    async with open_page(instance) as page:
        await page.evaluate("window.before = true")
        await page.get_by_role("button", name="one more").click()
        await notify(instance, "move", time.time() + 2)
        await expect(notice_in(page)).to_contain_text("This page moves to the current version")
        await page.wait_for_function("window.before === undefined")
        await expect(page.locator("#count")).to_have_text("0")
        # Here it was led to the same instance, whose time to move is over: it does not go round.
        await expect(notice_in(page)).to_contain_text("Reload to get the current version of the app.")


async def test_after_a_drain_the_page_says_why_it_ended(apps: Apps) -> None:
    instance = await apps.start("hello", KEY)
    async with open_page(instance) as page:
        await page.get_by_role("button", name="one more").click()
        await expect(page.locator("#count")).to_have_text("1")
        await notify(instance, "drain", time.time())
        await engine(instance, "kill")
        await expect(notice_in(page)).to_contain_text("This version was ended by its team.")
        await expect(page.locator("#count")).to_have_text("1")


async def test_after_a_crash_the_page_waits_and_leaves_work_on_the_screen_until_asked(apps: Apps) -> None:
    instance = await apps.start("hello", KEY)
    async with open_page(instance) as page:
        await page.get_by_role("button", name="one more").click()
        await expect(page.locator("#count")).to_have_text("1")
        await engine(instance, "kill")
        await expect(notice_in(page)).to_contain_text(
            "The app stopped unexpectedly. It is being started again…"
        )
        await engine(instance, "start")
        await expect(notice_in(page)).to_contain_text("The app is back.")
        await expect(page.locator("#count")).to_have_text("1")
        await notice_in(page).get_by_role("button", name="Reload").click()
        await expect(page.locator("#count")).to_have_text("0")


async def test_after_a_crash_a_page_that_nobody_touched_comes_back_by_itself(apps: Apps) -> None:
    instance = await apps.start("hello", KEY)
    async with open_page(instance) as page:
        await page.evaluate("window.before = true")
        await engine(instance, "kill")
        await engine(instance, "start")
        await page.wait_for_function("window.before === undefined")
        await expect(page.locator("#count")).to_have_text("0")


async def test_a_session_that_ends_says_whether_an_error_ended_it(apps: Apps) -> None:
    instance = await apps.start("observed", KEY)
    async with open_page(instance) as page:
        await page.get_by_role("button", name="leave").click()
        await expect(notice_in(page)).to_contain_text("This session has ended.")
        await page.reload()
        await page.get_by_role("button", name="crash").click()
        await expect(notice_in(page)).to_contain_text("An error in the app ended this session.")


async def test_an_app_that_reconnects_does_so_to_the_same_instance(apps: Apps) -> None:
    instance = await apps.start({"app.R": RECONNECTS}, KEY)
    async with open_page(instance) as page:
        await page.get_by_role("button", name="more").click()
        await expect(page.locator("#count")).to_have_text("count 1")
        await page.evaluate("window.before = true")
        async with page.expect_websocket(timeout=60_000) as again:
            await page.evaluate("Shiny.shinyapp.$socket.close()")
        assert "?w=" in (await again.value).url
        await expect(page.locator("#shiny-disconnected-overlay")).to_have_count(0)
        await expect(page.locator("#count")).to_have_text("count 1")
        await expect(notice_in(page)).to_have_count(0)
        assert await page.evaluate("window.before")
