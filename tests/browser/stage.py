"""A review to open in a browser: the platform in memory, and a stand-in for the apps that it would run."""

import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from httpx import AsyncClient
from playwright.async_api import Browser, Page, expect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.browser.anna import free_port, listening
from tests.server.pages.platform import ANNA, Platform, memory_parts

import sandbox_templates
from sandbox_server.app import create_app
from sandbox_server.operations import login
from sandbox_server.operations.comments import list_comments
from sandbox_server.operations.invite import invite
from sandbox_server.wire_review import Comment, Review, ReviewRequest

RUNNER = Path(sandbox_templates.__file__).parent / "images" / "runner"
APP = "sales-dashboard"

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{frame}</head>
<body style="margin:0;font:16px system-ui;background:#f3f6fb;color:#1c2330"><main style="padding:20px 28px">
<h1 style="font-size:22px">{title}</h1>
<label>Region <select id="region"><option>North<option>South</select></label>
<p>Sum of sales: <b id="total">48,210</b> EUR</p>
<svg width="100%" height="260" viewBox="0 0 600 260" role="img" aria-label="Bars">
<g fill="{colour}"><rect x="20" y="120" width="70" height="130"/><rect x="120" y="60" width="70" height="190"/>
<rect x="220" y="160" width="70" height="90"/><rect x="320" y="30" width="70" height="220"/>
<rect x="420" y="90" width="70" height="160"/></g></svg><div style="height:900px"></div></main>
<script>
window.Shiny = {{ shinyapp: {{ $inputValues: {{ region: "North" }} }} }};
document.getElementById("region").addEventListener("change", function () {{
  window.Shiny.shinyapp.$inputValues.region = this.value;
}});
{script}
</script></body></html>"""


HOSTILE = """
const forged = { sandbox: "place", url: "//evil.test/<b>", scroll_x: "x", inputs: { big: "x".repeat(100000) } };
window.addEventListener("message", (event) => {
  for (let id = 0; id < 20; id += 1) parent.postMessage({ ...forged, id }, "*");
});
window.Shiny = undefined;
parent.postMessage({ sandbox: "state", state: "<img src=x onerror=alert(1)>" }, "*");
parent.postMessage({ sandbox: "hello", deployment: "<b>" }, "*");
parent.postMessage(null, "*");
parent.postMessage({ sandbox: "verdict", outcome: "accepted" }, "*");
const seen = [];
for (const look of [() => parent.document.title, () => parent.location.href, () => parent.localStorage.length,
                    () => { top.location = "https://evil.test/"; }]) {
  try { seen.push(look()); } catch (refused) { seen.push("refused"); }
}
fetch("%s/r/1.x/verdict", { method: "POST", body: new URLSearchParams({ outcome: "accepted" }) }).catch(() => 0);
window.seen = seen;
"""
"""An app's script that tries to reach the review; `%s` is the platform's origin."""


@dataclass
class StandIn:
    """Answers for every app's host; everything else is the platform's."""

    app: ASGIApp
    control: str
    headers: dict[str, str] = field(default_factory=dict)
    """Of the apps' pages."""
    script: str = ""
    """Of the apps' pages."""
    lost: int = 0
    """So many answers to what is sent are lost on their way."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """Headers of requests for apps."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope.get("headers", [])}
        host = headers.get("host", "").partition(":")[0]
        if scope["type"] != "http" or not host.endswith(".apps.localhost"):
            await self.app(scope, receive, self._losing(send) if scope.get("method") == "POST" else send)
            return
        self.asked.append({**headers, "path": scope["path"]})
        body = self._page(host).encode()
        own = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        start = [(b"content-type", b"text/html; charset=utf-8"), (b"set-cookie", b"app=1; Path=/"), *own]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": body})

    def _losing(self, send: Send) -> Send:
        if not self.lost:
            return send
        self.lost -= 1

        async def lose(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send({"type": "http.response.start", "status": 502, "headers": []})
            else:
                await send({**message, "body": b""})

        return lose

    def _page(self, host: str) -> str:
        deployment = host.partition("--")[0]
        is_test = deployment.startswith("d")
        title = f"Sales ({deployment})" if is_test else "Sales"
        frame = self._frame(int(deployment[1:])) if is_test else ""
        colour = "#4457d6" if is_test else "#8a94a3"
        return PAGE.format(title=html.escape(title), frame=frame, colour=colour, script=self.script)

    def _frame(self, number: int) -> str:
        """As the runner puts it into every page of a sandbox."""
        facts = f'{{ "control": "{self.control}", "deployment": {number} }}'
        code = (RUNNER / "frame.js").read_text().replace("FACTS", facts, 1)
        return f"<script>\n{code.replace('INPUTS', (RUNNER / 'inputs.js').read_text(), 1)}</script>"


@dataclass
class Stage:
    platform: Platform
    url: str
    apps: StandIn

    async def push(self, branch: str = "feature-x", code: str = "shinyApp(ui, server)") -> int:
        return await self.platform.push(branch, "Show margins by region", code)

    async def ask(self, branch: str = "feature-x", script: str = "") -> Review:
        """Rita is asked to try the branch."""
        request = ReviewRequest(branch=branch, name="Rita Moreno", email="rita@example.org", script=script)
        return await invite(self.platform.parts, ANNA, APP, request)


@asynccontextmanager
async def open_stage(home: Path) -> AsyncIterator[Stage]:
    with free_port() as (free, port):
        parts = memory_parts(home)
        parts.settings.scheme, parts.settings.port = "http", port
        url = f"http://sandbox.localhost:{port}"
        app = create_app(parts)
        stand_in = StandIn(app, url)

        class Apps:
            def __init__(self, app: ASGIApp) -> None:
                stand_in.app = app

            async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
                await stand_in(scope, receive, send)

        app.add_middleware(Apps)
        async with listening(app, free), AsyncClient() as client:
            await client.get(f"http://127.0.0.1:{port}/login")  # answered once it has started
            token = await login.add_user(parts, "anna", admin=False)
            yield Stage(Platform(parts, client, token), url, stand_in)


@dataclass
class Rita:
    """A reviewer's browser: no account, nothing known."""

    page: Page
    complaints: list[str] = field(default_factory=list)


async def come(browser: Browser, **options: object) -> Rita:
    context = await browser.new_context(**options)  # type: ignore[arg-type]
    page = await context.new_page()
    rita = Rita(page)

    def hear(said: str) -> None:
        if "Content Security Policy" in said or "status of" in said or "Error" in said:
            rita.complaints.append(said)

    page.on("console", lambda said: hear(said.text))
    page.on("pageerror", lambda error: rita.complaints.append(str(error)))
    return rita


async def said(stage: Stage, branch: str) -> list[Comment]:
    return (await list_comments(stage.platform.parts, APP, branch)).comments


async def look(page: Page, review: Review) -> None:
    """Until its scripts are there: before, forms are sent without them."""
    await page.goto(review.url)
    await expect(page.locator("[data-fold]")).to_be_visible()


async def choose(page: Page, region: str) -> None:
    """In the app."""
    await page.frame_locator("#app").locator("#region").select_option(region)
