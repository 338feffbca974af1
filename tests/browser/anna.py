"""A running server in memory, and a person's browser on it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from httpx import AsyncClient
from playwright.async_api import Browser, Page, async_playwright, expect
from tests.chromium import CHROMIUM, QUIET
from tests.server.pages.platform import ANNA, Platform, memory_parts

from sandbox_server.app import create_app
from sandbox_server.operations import login

expect.set_options(timeout=30_000)  # a busy machine shows things late


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


@asynccontextmanager
async def serving(home: Path) -> AsyncIterator[tuple[Platform, str]]:
    """A running server, and its URL."""
    with free_port() as (free, port):
        parts = memory_parts(home)
        parts.settings.scheme, parts.settings.port = "http", port
        async with listening(create_app(parts), free), AsyncClient() as client:
            await client.get(f"http://127.0.0.1:{port}/login")  # answered once it has started
            token = await login.add_user(parts, "anna", admin=False)
            yield Platform(parts, client, token), f"http://sandbox.localhost:{port}"


@contextmanager
def free_port() -> Iterator[tuple[socket.socket, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        yield free, free.getsockname()[1]


@asynccontextmanager
async def listening(app: FastAPI, where: socket.socket) -> AsyncIterator[None]:
    running = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1))
    task = asyncio.create_task(running.serve(sockets=[where]))
    try:
        yield
    finally:
        running.should_exit = True
        await task


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


async def arrive(browser: Browser, platform: Platform, url: str, *, known: bool = True) -> Anna:
    """Her browser, logged in if she is `known`."""
    context = await browser.new_context()
    page = await context.new_page()
    anna = Anna(page, url)
    page.on("console", lambda said: anna.hear(said.text))
    page.on("pageerror", lambda error: anna.complaints.append(str(error)))
    if known:
        link = await login.make_link(platform.parts, ANNA)
        await page.goto(link.url)
        await page.get_by_role("button", name="Log in as anna").click()
        await expect(page.get_by_role("heading", name="Apps")).to_be_visible()
    return anna


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[Platform, str]]:
    async with serving(tmp_path) as made:
        yield made


@pytest.fixture
async def anna(server: tuple[Platform, str]) -> AsyncIterator[Anna]:
    async with browsing() as browser:
        yield await arrive(browser, *server)
