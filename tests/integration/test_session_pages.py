"""An open page through the edge: what its people see when the instance goes, and a bookmark that stays."""

import pytest
from anyio import to_thread
from playwright.async_api import Error, Page, expect
from tests.integration.platform import Platform, branch_host, deployment_host, until
from tests.integration.r_apps import browser_page

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.browser]


async def open_page(page: Page, platform: Platform, host: str) -> None:
    """Chromium drops what it loads when a container comes or goes anywhere on the machine: then once more."""
    for _ in range(3):
        await page.goto(f"http://{host}:{platform.port}/")
        try:
            await page.wait_for_function("window.Shiny?.shinyapp?.$socket?.readyState === 1", timeout=30_000)
        except Error:
            continue
        return


async def test_a_crash_leaves_a_page_that_leads_back(quick: Platform) -> None:
    app = "crashing"
    await to_thread.run_sync(quick.deploy, "hello", app)
    async with browser_page() as page:
        await open_page(page, quick, branch_host(app, "main"))
        await page.get_by_role("button", name="one more").click()
        await expect(page.locator("#count")).to_have_text("1")
        [container] = [c for c in quick.containers() if f"-{app}-" in c["Name"]]
        await to_thread.run_sync(quick.docker.kill, container["Id"])
        notice = page.locator("sandbox-notice >> div")
        await expect(notice).to_contain_text("The app is back.")
        await expect(page.locator("#count")).to_have_text("1")
        await notice.get_by_role("button", name="Reload").click()
        await expect(page.locator("#count")).to_have_text("0")


async def test_a_bookmark_is_found_by_the_next_push_and_goes_with_the_platform(quick: Platform) -> None:
    app = "keeps"
    await to_thread.run_sync(quick.deploy, "bookmarks", app)
    async with browser_page() as page:
        await open_page(page, quick, deployment_host(app, 1))
        await page.locator("#name").fill("ada")
        await page.get_by_role("button", name="Bookmark").click()
        said = page.locator("#shiny-notification-url")
        await expect(said).to_contain_text("_state_id_=")
        query = (await said.inner_text()).strip().rpartition("?")[2].split()[0]
        second = await to_thread.run_sync(quick.deploy, "bookmarks", app, "feature-x")
        assert second["deployment"] == 2
        await page.goto(f"http://{deployment_host(app, 2)}:{quick.port}/?{query}")
        await expect(page.locator("#name")).to_have_value("ada")
    until(lambda: any("-bookmarks-" in one for one in quick.left()), "the volume is there")
