"""What the rendered document must show."""

from playwright.sync_api import Page, expect
from tests.integration.platform import Platform


def verify(platform: Platform, host: str, page: Page) -> None:
    expect(page.get_by_role("row", name="EMEA 10")).to_be_visible()
    assert page.get_by_alt_text("A line").evaluate("image => image.naturalWidth") > 100
    page.goto(f"http://{host}:{platform.port}/report.html#numbers")
    expect(page).to_have_url(f"http://{host}:{platform.port}/index.html#numbers")
    expect(page.get_by_role("heading", name="Numbers")).to_be_visible()
    assert platform.get(host, "/report.Rmd").status_code == 404
