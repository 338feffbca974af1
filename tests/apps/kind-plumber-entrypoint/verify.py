"""What the running API must answer."""

from playwright.sync_api import Page
from tests.integration.platform import Platform


def verify(platform: Platform, host: str, page: Page) -> None:
    assert platform.get(host, "/twice?n=21").json() == [42]
    assert platform.get(host, "/openapi.json").json()["x-team"] == "sales"
