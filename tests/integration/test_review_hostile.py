"""An app that tries to approve itself, in the reviewer's browser and in an administrator's."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import to_thread
from playwright.async_api import Browser, Page, async_playwright, expect
from tests.chromium import CHROMIUM, QUIET
from tests.integration.platform import Platform, app_folder, deployment_host, until

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.browser]

APP = "hostile"
AT_LEAST = 50
GATES = "[gates]\nreviews = 1\n"


async def test_no_attempt_of_an_app_to_approve_itself_succeeds(platform: Platform, tmp_path: Path) -> None:
    panel = await to_thread.run_sync(prepared, platform, tmp_path)
    before = said(platform)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            await in_the_reviewers_browser(browser, panel)
            await in_an_administrators_browser(browser, platform)
        finally:
            await browser.close()
    assert said(platform) == before
    refused = await to_thread.run_sync(lambda: platform.sandbox("promote", "d1", "--app", APP))
    assert refused.error["code"] == "gate_closed"
    # The same words from the panel itself do count, or nothing would have been shown.
    assert await to_thread.run_sync(from_the_panel, platform, panel) == 303
    assert len(said(platform)) == len(before) + 1


def prepared(platform: Platform, tmp_path: Path) -> str:
    """The app was told its reviewer's link: the worst that could happen."""
    folder = app_folder(tmp_path, "hostile")
    (folder / "sandbox.toml").write_text(GATES)
    platform.deploy(folder, APP)
    asked = platform.sandbox(
        "review", "request", "--branch", "main", "--to", "Rita Reviewer <rita@example.org>", "--app", APP
    )
    panel = str(asked.document["url"])
    ports = [platform.port, platform.control_port, platform.wake_port]
    known = json.dumps({"control": platform.url, "panel": panel, "app": APP, "deployment": 1, "ports": ports})
    done = platform.sandbox("env", "set", "KNOWN", "--scope", "sandbox", "--app", APP, stdin=known)
    assert done.code == 0, done
    host = deployment_host(APP, 1)
    until(lambda: panel in platform.get(host).text, "the app knows the link")
    return panel


async def in_the_reviewers_browser(browser: Browser, panel: str) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(panel)
    app = page.frame_locator("#app")
    await expect(app.locator("#reached")).to_have_text("reached: nothing", timeout=60_000)
    tried = await tried_by(app.locator("html"))
    assert len(tried) >= AT_LEAST, tried
    assert page.url.startswith(panel), page.url
    await expect(page.get_by_role("heading", name="Test version 1")).to_be_visible()
    await expect(page.locator("#verdict")).not_to_contain_text("You accepted")
    await context.close()


async def in_an_administrators_browser(browser: Browser, platform: Platform) -> None:
    """Top level, logged in at the control plane: cookies go wherever browsers let them."""
    token = platform.sandboxd("user", "add", "otto", "--admin").out.strip()
    link = platform.api("POST", "/login-links", token=token).json()["url"]
    context = await browser.new_context()
    page = await context.new_page()
    await log_in(page, link)
    await page.goto(f"http://{deployment_host(APP, 1)}:{platform.port}/#attack")
    tried = await tried_by(page.locator("html"))
    assert len(tried) >= AT_LEAST - 5, tried
    await page.goto(f"{platform.url}/apps/{APP}")
    await expect(page.get_by_text("otto")).to_be_visible()
    await context.close()


async def log_in(page: Page, link: str) -> None:
    await page.goto(link)
    await page.get_by_role("button").first.click()
    await expect(page.get_by_text("otto")).to_be_visible()


async def tried_by(document: Any) -> list[str]:
    told = await document.evaluate(
        "async (html) => { while (!html.dataset.tried) await new Promise((done) => setTimeout(done, 100));"
        " return html.dataset.tried; }"
    )
    names: list[str] = json.loads(told)
    return names


def said(platform: Platform) -> list[tuple[Any, ...]]:
    """Every verdict, release, comment, link and gate that there is."""
    return platform.sqlite(
        "SELECT 'verdict', id FROM verdict UNION SELECT 'release', id FROM release UNION "
        "SELECT 'comment', id FROM comment UNION SELECT 'review', id FROM review UNION SELECT 'gate', id FROM gate"
    )


def from_the_panel(platform: Platform, panel: str) -> int:
    form = {"version": "1", "outcome": "accepted", "name": "Rita Reviewer", "seen": "0"}
    headers = {"Host": f"sandbox.localhost:{platform.port}", "Origin": platform.url}
    path = panel.removeprefix(platform.url)
    with httpx.Client(trust_env=False) as client:
        url = f"http://127.0.0.1:{platform.port}{path}/verdict"
        return client.post(url, data=form, headers=headers).status_code
