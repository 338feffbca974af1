"""The pages in a real browser, over a server in memory."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from httpx import AsyncClient
from playwright.async_api import Page, async_playwright, expect
from tests.server.pages.platform import ANNA, Platform, memory_parts

from sandbox_server.app import create_app
from sandbox_server.operations import login
from sandbox_server.visitor.launch import find

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

APP = "/apps/sales-dashboard"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--no-proxy-server",
]
SCREENS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


@dataclass
class Anna:
    """Her browser, logged in by a one-time link."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    """What the page did wrong: errors of scripts, answers with an error, things that its own rules forbid."""

    def hear(self, said: str) -> None:
        # Connections that break because somebody made a network on this machine are nobody's fault.
        if "Content Security Policy" in said or "status of" in said:
            self.complaints.append(said)

    async def go(self, path: str) -> None:
        await self.page.goto(self.url + path, wait_until="domcontentloaded")

    async def overflow(self) -> int:
        """By how many pixels the page is wider than the screen."""
        root = "document.documentElement"
        return int(await self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[Platform, str]]:
    """A running server, and its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        port = free.getsockname()[1]
        parts = memory_parts(tmp_path)
        parts.settings.scheme, parts.settings.port = "http", port
        config = uvicorn.Config(create_app(parts), log_level="error", ws="none", timeout_graceful_shutdown=1)
        running = uvicorn.Server(config)
        task = asyncio.create_task(running.serve(sockets=[free]))
        async with AsyncClient() as client:
            await client.get(f"http://127.0.0.1:{port}/login")  # answered once it has started
            token = await login.add_user(parts, "anna", admin=False)
            yield Platform(parts, client, token), f"http://sandbox.localhost:{port}"
        running.should_exit = True
        await task


@pytest.fixture
async def anna(server: tuple[Platform, str]) -> AsyncIterator[Anna]:
    platform, url = server
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=find(""), args=FLAGS)
        page = await browser.new_page()
        anna = Anna(page, url)
        page.on("console", lambda said: anna.hear(said.text))
        page.on("pageerror", lambda error: anna.complaints.append(str(error)))
        link = await login.make_link(platform.parts, ANNA)
        await page.goto(link.url)
        await page.get_by_role("button", name="Log in as anna").click()
        await expect(page.get_by_role("heading", name="Apps")).to_be_visible()
        yield anna
        await browser.close()


async def test_a_push_appears_without_a_reload_and_is_promoted_and_taken_back(
    server: tuple[Platform, str], anna: Anna
) -> None:
    platform, page = server[0], anna.page
    await platform.promote(await platform.push(message="First page"))
    await expect(page.get_by_text("Users get d1")).to_be_visible()
    await page.get_by_role("link", name="sales-dashboard", exact=True).first.click()
    await platform.push("feature-x", "Show margins", code="shinyApp(ui, better)")
    row = page.get_by_role("row").filter(has_text="Show margins")
    await row.get_by_role("link", name="Promote").click()
    await expect(page.get_by_text("From now on users get d2.")).to_be_visible()
    await page.get_by_label("Reason").fill("approved by the sales team")
    await page.get_by_role("button", name="Promote d2").click()
    await expect(page.get_by_role("heading", name="Users get d2")).to_be_visible()
    await anna.go(APP)
    await expect(page.get_by_text("approved by the sales team").first).to_be_visible()
    await page.get_by_role("link", name="Roll back", exact=True).click()
    await page.get_by_role("button", name="Roll back to d1").click()
    await expect(page.get_by_role("heading", name="Users get d1")).to_be_visible()
    assert anna.complaints == []


async def test_what_a_person_opened_stays_open_when_news_arrive(
    server: tuple[Platform, str], anna: Anna
) -> None:
    platform, page = server[0], anna.page
    await platform.promote(await platform.push())
    await platform.promote(await platform.push(code="shinyApp(a, b)"), seen=1)
    await anna.go(APP)
    await page.get_by_text("All 2 releases").click()
    await platform.push("feature-x", "Show margins", code="shinyApp(c, d)")
    await expect(page.get_by_text("Show margins")).to_be_visible()
    await expect(page.get_by_role("columnheader", name="Why")).to_be_visible()


async def test_a_build_log_grows_while_it_is_watched(server: tuple[Platform, str], anna: Anna) -> None:
    number = await server[0].push()
    await anna.go(f"{APP}/deployments/{number}?log=build")
    await expect(anna.page.get_by_role("log").locator("div").first).to_be_visible()
    assert anna.complaints == []


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
async def test_no_page_is_wider_than_its_screen(
    server: tuple[Platform, str], anna: Anna, width: int, scheme: str
) -> None:
    platform = server[0]
    await platform.promote(await platform.push(message="A message " + "without_any_break" * 12))
    await platform.push("experiment/" + "long-branch-name-" * 5, code="shinyApp(a, b)")
    await anna.page.set_viewport_size({"width": width, "height": 844})
    await anna.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in ("/", APP, f"{APP}/deployments/1", f"{APP}/promote/2", f"{APP}/promote/1"):
        await anna.go(path)
        await expect(anna.page.locator("h1")).to_be_visible()
        assert await anna.overflow() <= 0, path
    assert anna.complaints == []
