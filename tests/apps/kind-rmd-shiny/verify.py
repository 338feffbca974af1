"""What the running app must show."""

from playwright.sync_api import Page, expect
from tests.integration.platform import Platform


def verify(platform: Platform, host: str, page: Page) -> None:
    expect(page.get_by_text("chosen: 3")).to_be_visible()
    page.evaluate("Shiny.setInputValue('n', 7)")
    expect(page.get_by_text("chosen: 7")).to_be_visible()
