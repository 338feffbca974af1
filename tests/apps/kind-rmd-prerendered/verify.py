"""What the running app must show."""

from playwright.sync_api import Page, expect
from tests.integration.platform import Platform
from tests.slider import slide

FIRST = 90_000
"""Milliseconds for the first session of R on a slow machine."""


def verify(platform: Platform, host: str, page: Page) -> None:
    said = page.locator("#said")
    expect(said).to_have_text("chosen: 3", timeout=FIRST)
    slide(page, (7 - 1) / (10 - 1), said, "chosen: 7")
