"""Shares, drains and figures by the pages, in a real browser, over a server in memory."""

import pytest
from playwright.async_api import expect
from tests.browser.anna import Anna
from tests.browser.filled import measure
from tests.browser.test_pages import APP
from tests.server.pages.platform import Platform

from sandbox_server.domain.edge import Server
from sandbox_server.store import apps, deployments, instances

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def two_versions(platform: Platform) -> None:
    """d1 is released, d2 is ready."""
    await platform.promote(await platform.push(message="First page"))
    await platform.push("feature-x", "Show margins", code="shinyApp(ui, better)")


async def test_a_few_visitors_try_a_version_before_all_get_it(
    server: tuple[Platform, str], anna: Anna
) -> None:
    await two_versions(server[0])
    page = anna.page
    await anna.go(f"{APP}/promote/2")
    await page.get_by_label("A share, until I say more").check()
    await page.get_by_label("Percent of the visitors").fill("5")
    await page.get_by_role("button", name="Promote d2").click()
    await expect(page.get_by_role("heading", name="5 % of the visitors get d2")).to_be_visible()
    await page.get_by_role("link", name="Back to sales-dashboard").click()
    await expect(page.get_by_text("d2 is tried by 5 % of the visitors")).to_be_visible()
    await page.get_by_role("link", name="Raise the share").click()
    await expect(page.get_by_label("Percent of the visitors")).to_have_value("10")
    await page.get_by_role("button", name="Change the share").click()
    await expect(page.get_by_role("heading", name="10 % of the visitors get d2")).to_be_visible()
    await anna.go(APP)
    await page.get_by_role("link", name="Give up").click()
    await expect(page.get_by_text("From now on everybody gets d1.")).to_be_visible()
    await page.get_by_role("button", name="Give up d2").click()
    await expect(page.get_by_role("heading", name="d2 was given up")).to_be_visible()
    assert anna.complaints == []


async def test_who_drains_is_seen_live_and_is_ended_by_the_page(
    server: tuple[Platform, str], anna: Anna
) -> None:
    platform, page = server[0], anna.page
    platform.parts.settings.keep_previous, platform.parts.settings.settle = 0, 3600
    await two_versions(platform)
    await anna.go(APP)
    await _set_people(platform, 3)
    await platform.promote(2, seen=1)
    await expect(page.get_by_text("3 people still have d1 open")).to_be_visible()
    await _set_people(platform, 2)
    await expect(page.get_by_text("2 people still have d1 open")).to_be_visible()
    await page.get_by_role("link", name="End it… d1").click()
    await expect(page.get_by_label("in 30 minutes")).to_be_checked()
    await page.get_by_label("Reason").fill("a security fix")
    await page.get_by_role("button", name="End d1").click()
    await expect(page.get_by_text("in 30 min; their pages say so")).to_be_visible()
    await page.get_by_role("button", name="Let them stay").click()
    await expect(page.get_by_role("link", name="End it… d1")).to_be_visible()
    assert anna.complaints == []


async def test_figures_appear_while_the_page_is_open_and_lead_to_the_log(
    server: tuple[Platform, str], anna: Anna
) -> None:
    platform, page = server[0], anna.page
    await two_versions(platform)
    await anna.go(APP)
    await expect(page.get_by_text("No sessions in the last hour")).to_be_visible()
    await measure(platform)
    chart = page.get_by_role("img", name="Sessions with an error: 18.8 %, 3 of 16 sessions")
    await expect(chart).to_be_visible(timeout=30_000)
    await page.get_by_text("The last hour as a table").click()
    await expect(page.get_by_role("cell", name="80", exact=True).first).to_be_visible()
    await page.get_by_role("link", name="Month").click()
    await expect(page.get_by_role("link", name="Month")).to_have_attribute("aria-current", "page")
    await page.get_by_role("link", name="Log lines of output totals").click()
    await expect(page.get_by_role("link", name="The newest lines")).to_be_visible()
    assert anna.complaints == []


async def _set_people(platform: Platform, count: int) -> None:
    """So many have d1 of the release open."""
    async with platform.parts.store.read() as tx:
        first = (await deployments.get(tx, await apps.get(tx, "sales-dashboard"), 1)).id
        (row,) = [one for one in await instances.live(tx, first) if one.scope == "release"]
    platform.parts.router.set_sessions(Server(f"slot{row.slot}", row.server or 0), count)  # type: ignore[attr-defined]
