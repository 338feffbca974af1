"""Shares, drains and figures by the pages, in a real browser, over a server in memory."""

from datetime import timedelta

import pytest
from playwright.async_api import expect
from tests.browser.anna import Anna
from tests.browser.test_pages import APP, SCREENS
from tests.server.pages.platform import Platform

from sandbox_server.domain.edge import Server
from sandbox_server.domain.figures import Counts
from sandbox_server.domain.tally import Met
from sandbox_server.store import apps, deployments, figures, instances, notices
from sandbox_server.store.tables_seen import Visit

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
    await _measure(platform)
    chart = page.get_by_role("img", name="Sessions with an error: 18.8 %, 3 of 16 sessions")
    await expect(chart).to_be_visible(timeout=30_000)
    await page.get_by_text("The last hour as a table").click()
    await expect(page.get_by_role("cell", name="80", exact=True).first).to_be_visible()
    await page.get_by_role("link", name="Month").click()
    await expect(page.get_by_role("link", name="Month")).to_have_attribute("aria-current", "page")
    await page.get_by_role("link", name="Log lines of output totals").click()
    await expect(page.get_by_role("link", name="The newest lines")).to_be_visible()
    assert anna.complaints == []


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
async def test_pages_about_sessions_fit_the_screen(
    server: tuple[Platform, str], anna: Anna, width: int, scheme: str
) -> None:
    platform = server[0]
    await two_versions(platform)
    await _measure(platform)
    await anna.page.set_viewport_size({"width": width, "height": 844})
    await anna.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    paths = [
        "/",
        APP,
        f"{APP}?span=month",
        f"{APP}/deployments/1",
        f"{APP}/deployments/1/drain",
        f"{APP}/promote/2",
    ]
    for path in paths:
        await anna.go(path)
        await expect(anna.page.locator("h1")).to_be_visible()
        assert await anna.overflow() <= 0, path
    assert anna.complaints == []


async def _measure(platform: Platform) -> None:
    """Sessions, errors, a visit and a notice, with words that have no place to break."""
    now = platform.parts.clock()
    long = "output " + "a_name_without_any_break" * 8
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, "sales-dashboard")
        app_id, id_ = app.id or 0, (await deployments.get(tx, app, 1)).id or 0
        for minutes in range(0, 50, 7):
            began = Counts(started=2, failed=1 if minutes > 30 else 0, sessions=4, requests=80, memory=10**9)
            await figures.add(tx, id_, "release", now - timedelta(minutes=minutes), began)
        await figures.add(tx, id_, "release", now, Counts(failed=0, crashes=0, requests=1))
        await figures.meet(
            tx, id_, "release", [Met("output totals", "simpleError", 7, now), Met(long, "x" * 90, 1, now)]
        )
        await notices.open_notice(
            tx, app_id, "availability", f"It fails\n{long}", now, "Look: `sandbox logs`."
        )
        tx.add(Visit(app_id=app_id, deployment_id=id_, release=1, ok=False, reason=long, at=now))
    platform.parts.bell.ring()


async def _set_people(platform: Platform, count: int) -> None:
    """So many have d1 of the release open."""
    async with platform.parts.store.read() as tx:
        first = (await deployments.get(tx, await apps.get(tx, "sales-dashboard"), 1)).id
        (row,) = [one for one in await instances.live(tx, first) if one.scope == "release"]
    platform.parts.router.set_sessions(Server(f"slot{row.slot}", row.server or 0), count)  # type: ignore[attr-defined]
