"""A page that shows an app in a frame, as the review page does, without the platform around it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Error, Frame, Page, async_playwright
from tests.chromium import CHROMIUM, QUIET

RULES = "allow-scripts allow-same-origin allow-forms allow-downloads allow-modals allow-popups"
PAGE = f"""<!doctype html><title>review</title><style>html, body, iframe {{ margin: 0; border: 0 }}</style>
<iframe width="1000" height="700" referrerpolicy="no-referrer" sandbox="{RULES}"></iframe><script>
const frame = document.querySelector("iframe"), heard = [];
addEventListener("message", (event) => event.source === frame.contentWindow && heard.push(event.data));
const ask = (words) => frame.contentWindow.postMessage(words, "*");
const answer = (kind, id) =>
  heard.find((said) => said && said.sandbox === kind && (id === undefined || said.id === id));
</script>"""


@dataclass
class Shown:
    """The page, and what is in its frame."""

    page: Page
    asked: int = 0

    @property
    def frame(self) -> Frame:
        return self.page.frames[1]

    async def ask(self, what: str, answer: str, **more: Any) -> dict[str, Any]:
        self.asked += 1
        await self.page.evaluate("ask", {"sandbox": what, "id": self.asked, **more})
        return await self.heard(answer, self.asked)

    async def heard(self, kind: str, id: int | None = None) -> dict[str, Any]:
        words = json.dumps([kind, id] if id is not None else [kind])
        await self.page.wait_for_function(f"answer(...{words})", timeout=60_000)
        found: dict[str, Any] = await self.page.evaluate(f"answer(...{words})")
        return found

    async def all_heard(self) -> list[Any]:
        found: list[Any] = await self.page.evaluate("heard")
        return found


@dataclass(frozen=True)
class Reviews:
    """Serves the page, under any name that ends in localhost."""

    port: int

    @property
    def control(self) -> str:
        return f"http://sandbox.localhost:{self.port}"

    @property
    def elsewhere(self) -> str:
        """Somebody else's origin."""
        return f"http://evil.localhost:{self.port}"

    @property
    def told(self) -> dict[str, str]:
        """What the platform tells an instance."""
        return {"SANDBOX_CONTROL": self.control, "SANDBOX_SCOPE": "sandbox", "SANDBOX_DEPLOYMENT": "d42"}


@asynccontextmanager
async def serve_reviews() -> AsyncIterator[Reviews]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
        writer.write((head + PAGE).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield Reviews(server.sockets[0].getsockname()[1])


@asynccontextmanager
async def review_page(origin: str) -> AsyncIterator[Shown]:
    """In a browser that keeps no cookies of pages in frames."""
    arguments = [*QUIET, "--test-third-party-cookie-phaseout"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            page = await browser.new_page(viewport={"width": 1000, "height": 720})
            await page.goto(f"{origin}/")
            yield Shown(page)
        finally:
            await browser.close()


async def show(
    shown: Shown, url: str, there: str = "window.Shiny?.shinyapp?.$socket?.readyState === 1"
) -> None:
    """Until it is `there`. Chromium drops what it loads when a container comes or goes anywhere: then once more."""
    for _ in range(4):
        await shown.page.evaluate("(url) => { heard.length = 0; frame.src = url; }", url)
        with suppress(Error):
            await shown.page.wait_for_function("frames.length === 1")
            await shown.frame.wait_for_url(url, timeout=10_000)
            await shown.frame.wait_for_function(there, timeout=20_000)
            return
    raise AssertionError(f"{url} was not shown")
