"""What the running app must show."""

from playwright.sync_api import Page, expect
from tests.integration.platform import Platform


def verify(platform: Platform, host: str, page: Page) -> None:
    expect(page.locator("#said")).to_have_text("from many files")
