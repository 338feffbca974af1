"""What the running app must show."""

from playwright.sync_api import Page, expect
from tests.integration.platform import Platform


def verify(platform: Platform, host: str, page: Page) -> None:
    expect(page.locator("h1")).to_have_css("color", "rgb(18, 52, 86)")
    expect(page.locator("body")).to_have_attribute("data-ran", "yes")
    page.get_by_role("link", name="about").click()
    expect(page.get_by_text("About it.")).to_be_visible()
    sent_on = platform.get(host, "/about?from=here")
    assert (sent_on.status_code, sent_on.headers["location"]) == (301, "/about/?from=here")
    assert platform.get(host, "/.Renviron").status_code == 404
    assert platform.get(host, "/nowhere").status_code == 404
