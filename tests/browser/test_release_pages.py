"""A release manager decides in a real browser, over a server in memory: what is missing, an override, the history."""

import pytest
from playwright.async_api import expect
from tests.browser.anna import Anna
from tests.browser.test_pages import APP
from tests.server.pages.platform import Platform
from tests.server.pages.reviewers import APP as NAME
from tests.server.pages.reviewers import ask, judge

from sandbox_server.auth import Caller
from sandbox_server.operations import login
from sandbox_server.operations.gates import set_gates
from sandbox_server.wire_review import GatesRequest

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

ROOT = Caller("root", admin=True)


@pytest.fixture
async def root(server: tuple[Platform, str], anna: Anna) -> Anna:
    """The same browser, of somebody who may set gates and pass by them."""
    await login.add_user(server[0].parts, "root", admin=True)
    link = await login.make_link(server[0].parts, ROOT)
    await anna.page.goto(link.url)
    await anna.page.get_by_role("button", name="Log in as root").click()
    await expect(anna.page.get_by_role("heading", name="Apps")).to_be_visible()
    return anna


async def test_what_gates_miss_is_passed_by_with_a_reason_that_stays(
    server: tuple[Platform, str], root: Anna
) -> None:
    platform, page = server[0], root.page
    await platform.promote(await platform.push(message="First page"))
    await platform.push("feature-x", "Show margins", code="shinyApp(ui, better)")
    await root.go(APP)
    await page.get_by_role("link", name="Gates").click()
    await page.get_by_label("Reviews needed").fill("1")
    await page.get_by_label("Reason").fill("agreed with the team")
    await page.get_by_role("button", name="Set the gates").click()
    await expect(page.get_by_text("1 person has accepted it, and nobody has rejected it.")).to_be_visible()
    await root.go(f"{APP}/promote/2")
    await expect(page.get_by_text("Not yet: 1 thing is missing.")).to_be_visible()
    await page.get_by_role("button", name="Override, and promote d2").click()
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.get_by_label("Reason").fill("the shops wait")
    await page.get_by_role("button", name="Override, and promote d2").click()
    await expect(page.get_by_role("heading", name="Users get d2")).to_be_visible()
    await expect(page.get_by_text("overridden, although: It needs 1 review, and has none.")).to_be_visible()
    await page.get_by_role("link", name="Back to sales-dashboard").click()
    await page.get_by_text("All 2 releases").click()
    row = page.get_by_role("row", name="the shops wait")
    await expect(row.get_by_text("overridden")).to_be_visible()
    await page.get_by_role("link", name="Roll back to it").click()
    await expect(page.get_by_role("heading", name="Roll back to d1?")).to_be_visible()
    assert root.complaints == []


async def test_every_page_of_a_release_fits_on_a_phone(server: tuple[Platform, str], root: Anna) -> None:
    platform, page = server[0], root.page
    await platform.promote(await platform.push(message="First page"))
    await platform.push("feature-x", "Show margins " * 30, code=f"# {'long' * 200}\nshinyApp(ui, better)")
    await page.set_viewport_size({"width": 390, "height": 800})
    for path in ("promote/2", "gates", "deployments/2"):
        await root.go(f"{APP}/{path}")
        assert await root.overflow() <= 0, path
    assert root.complaints == []


async def test_what_somebody_reads_stays_and_what_happens_meanwhile_is_told(
    server: tuple[Platform, str], root: Anna
) -> None:
    platform, page = server[0], root.page
    number = await platform.push("feature-x", "Show margins", code="shinyApp(ui, better)")
    await root.go(f"{APP}/promote/{number}")
    await expect(page.get_by_text("asks for nothing before a release.")).to_be_visible()
    button = page.get_by_role("button", name=f"Promote d{number}")
    await page.get_by_label("Reason").fill("the shops wait")
    where = await button.bounding_box()
    await set_gates(platform.parts, ROOT, NAME, GatesRequest(gates={"reviews": 1}, reason="agreed"))
    await judge(platform, await ask(platform, "Rita", "feature-x"), "rejected", number)
    told = page.get_by_role("status").filter(has_text="Since you opened this page:")
    await expect(told.get_by_text(f"Rita rejected d{number}.")).to_be_visible()
    await expect(told.get_by_text("What is missing, or what the release would change")).to_be_visible()
    await expect(page.get_by_text("asks for nothing before a release.")).to_be_visible()
    assert await button.bounding_box() == where
    await expect(page.get_by_label("Reason")).to_have_value("the shops wait")
    await told.get_by_role("link", name="Read it as it is now").click()
    await expect(page.get_by_text("Not yet: 2 things are missing.")).to_be_visible()
    await expect(told).to_have_count(0)
    assert root.complaints == []
