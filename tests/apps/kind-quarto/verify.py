"""What the rendered document must show. Without Quarto on this server, R Markdown renders it, and that is said."""

from playwright.sync_api import Page, expect
from tests.integration.platform import Platform


def verify(platform: Platform, host: str, page: Page) -> None:
    expect(page.get_by_role("heading", name="Notes")).to_be_visible()
    expect(page.get_by_text("The sum is 10")).to_be_visible()
    drift = platform.deployment("kind-quarto", 1)["drift"]
    assert any("Quarto" in words and "R Markdown" in words for words in drift), drift
