"""The pages in a real browser, over a server in memory."""

import pytest
from playwright.async_api import expect
from tests.browser.anna import Anna
from tests.server.pages.platform import Platform

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

APP = "/apps/sales-dashboard"


async def test_a_push_appears_without_a_reload_and_is_promoted_and_taken_back(
    server: tuple[Platform, str], anna: Anna
) -> None:
    platform, page = server[0], anna.page
    await platform.promote(await platform.push(message="First page"))
    await expect(page.get_by_text("Users get d1")).to_be_visible()
    await page.get_by_role("link", name="sales-dashboard", exact=True).first.click()
    await platform.push("feature-x", "Show margins", code="shinyApp(ui, better)")
    row = page.get_by_role("row").filter(has_text="Show margins")
    await row.get_by_role("link", name="Promote").click()
    await expect(page.get_by_text("From now on users get d2.")).to_be_visible()
    await page.get_by_label("Reason").fill("approved by the sales team")
    await page.get_by_role("button", name="Promote d2").click()
    await expect(page.get_by_role("heading", name="Users get d2")).to_be_visible()
    await anna.go(APP)
    await expect(page.get_by_text("approved by the sales team").first).to_be_visible()
    await page.get_by_role("link", name="Roll back", exact=True).click()
    await page.get_by_role("button", name="Roll back to d1").click()
    await expect(page.get_by_role("heading", name="Users get d1")).to_be_visible()
    assert anna.complaints == []


async def test_what_a_person_opened_stays_open_when_news_arrive(
    server: tuple[Platform, str], anna: Anna
) -> None:
    platform, page = server[0], anna.page
    await platform.promote(await platform.push())
    await platform.promote(await platform.push(code="shinyApp(a, b)"), seen=1)
    await anna.go(APP)
    await page.get_by_text("All 2 releases").click()
    await platform.push("feature-x", "Show margins", code="shinyApp(c, d)")
    await expect(page.get_by_text("Show margins")).to_be_visible()
    await expect(page.get_by_role("columnheader", name="Why")).to_be_visible()


async def test_a_build_log_grows_while_it_is_watched(server: tuple[Platform, str], anna: Anna) -> None:
    number = await server[0].push()
    await anna.go(f"{APP}/deployments/{number}?log=build")
    await expect(anna.page.get_by_role("log").locator("div").first).to_be_visible()
    assert anna.complaints == []
