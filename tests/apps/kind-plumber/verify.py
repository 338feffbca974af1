"""What the running API must answer."""

from playwright.sync_api import Page
from tests.integration.platform import Platform


def verify(platform: Platform, host: str, page: Page) -> None:
    assert platform.get(host, "/echo?words=hi").json() == {"words": ["hi"], "folder": ["app"]}
    assert platform.get(host, "/openapi.json").json()["info"]["title"] == "Echoes"
    assert platform.get(host, "/nowhere").status_code == 404
