"""The main job by the pages, in a real browser: a preview, a promote, a rollback, and a tab that survives it all."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright
from tests.building import need_base
from tests.chromium import CHROMIUM, QUIET
from tests.integration.platform import Platform, app_folder

pytestmark = [pytest.mark.engine, pytest.mark.browser]

APP = "sales"
PATIENCE = 30_000.0


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    anyio.run(need_base)
    made = Platform()
    try:
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    """A person's browser."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        context = chromium.new_context()
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield context
        chromium.close()


def test_a_person_previews_promotes_and_rolls_back_while_a_session_goes_on(
    platform: Platform, browser: BrowserContext, tmp_path: Path
) -> None:
    platform.deploy(_version(tmp_path, "the old title"), APP, "main")
    platform.promote(APP, 1)
    platform.deploy(_version(tmp_path, "the new title"), APP, "feature-x")

    user = browser.new_page()
    user.goto(_release(platform))
    expect(user.locator("h2")).to_have_text("the old title")
    _click_counter(user, 1)

    page = browser.new_page()
    page.goto(platform.sandbox("open", "--page", "--app", APP).document["url"])
    page.get_by_role("button", name="Log in as ada").click()
    page.get_by_role("link", name=APP).first.click()

    with browser.expect_page() as opened:
        page.get_by_role("link", name="Open sandbox of feature-x").click()
    preview = opened.value
    expect(preview.locator("h2")).to_have_text("the new title")
    _click_counter(preview, 1)

    page.get_by_role("link", name="Promote d2").click()
    expect(page.get_by_text("From now on users get d2.")).to_be_visible()
    page.get_by_role("button", name="Promote d2").click()
    other = browser.new_page()
    _until_title(other, _release(platform), "the new title")
    _click_counter(user, 2)
    expect(user.locator("h2")).to_have_text("the old title")

    page.goto(f"{platform.url}/apps/{APP}")
    page.get_by_role("link", name="Roll back").first.click()
    page.get_by_role("button", name="Roll back to d1").click()
    _until_title(browser.new_page(), _release(platform), "the old title")
    _click_counter(user, 3)
    _click_counter(other, 1)
    _click_counter(preview, 2)

    user.reload()
    expect(user.locator("h2")).to_have_text("the old title")
    other.reload()
    expect(other.locator("h2")).to_have_text("the old title")
    assert [row["kind"] for row in platform.releases(APP)] == ["rollback", "promote", "promote"]


def _version(folder: Path, title: str) -> Path:
    made = app_folder(folder, "hello")
    file = made / "app.R"
    file.write_text(file.read_text().replace('titlePanel("hello")', f'titlePanel("{title}")'))
    return made


def _release(platform: Platform) -> str:
    return f"http://{APP}.apps.localhost:{platform.port}/"


def _click_counter(tab: Page, expected: int) -> None:
    """The counter lives in the session: it goes on only if the session does."""
    tab.locator("#more").click()
    expect(tab.locator("#count")).to_have_text(str(expected))
    assert tab.locator("#shiny-disconnected-overlay").count() == 0


def _until_title(tab: Page, url: str, title: str) -> None:
    """Reloads until the page shows it: the switch goes on by itself."""
    for _ in range(60):
        tab.goto(url)
        if tab.locator("h2").inner_text() == title:
            break
        tab.wait_for_timeout(500)
    expect(tab.locator("h2")).to_have_text(title)
