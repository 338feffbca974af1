"""What the running API must answer."""

from playwright.sync_api import Page, expect
from tests.integration.platform import Platform


def verify(platform: Platform, host: str, page: Page) -> None:
    assert platform.get(host, "/echo?words=hi").json() == {"words": ["hi"], "folder": ["app"]}
    assert platform.get(host, "/openapi.json").json()["info"]["title"] == "Echoes"
    assert platform.get(host, "/nowhere").status_code == 404
    # People are led to what describes it, machines are told the truth.
    assert platform.get(host, "/", Accept="application/json").status_code == 404
    page.goto(f"http://{host}:{platform.port}/")
    expect(page.get_by_text("Say it again")).to_be_visible(timeout=60_000)
