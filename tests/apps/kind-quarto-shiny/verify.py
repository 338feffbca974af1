"""What the running app must show."""

from playwright.sync_api import Page, expect
from tests.integration.platform import Platform


def verify(platform: Platform, host: str, page: Page) -> None:
    expect(page.locator("#said")).to_have_text("chosen: 3")
    page.evaluate("Shiny.setInputValue('n', 7)")
    expect(page.locator("#said")).to_have_text("chosen: 7")
