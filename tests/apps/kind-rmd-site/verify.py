"""What the rendered site must show."""

from playwright.sync_api import Page, expect
from tests.integration.platform import Platform


def verify(platform: Platform, host: str, page: Page) -> None:
    expect(page.get_by_text("There are 2 rules.")).to_be_visible()
    page.get_by_role("link", name="Rules").click()
    expect(page.get_by_role("heading", name="The rules")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Write it down.")).to_be_visible()
    assert platform.get(host, "/index.Rmd").status_code == 404
