"""What the control plane and a bare Shiny session do at an instance, without the platform."""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
from tests.integration.r_apps import Instance
from websockets.asyncio.client import ClientConnection, connect

from sandbox_server.domain.report import Report, read

SECRET = "5ecret"
VISITOR = "Mozilla/5.0 SandboxVisit/1"
KEY = {"SANDBOX_SECRET": SECRET}
"""What `Apps.start` gives to an instance that is to answer."""


async def ask(
    instance: Instance, method: str, what: str, secret: str = SECRET, **more: Any
) -> httpx.Response:
    headers = {"X-Sandbox-Secret": secret} if secret else {}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return await client.request(method, f"{instance.url}__sandbox__/{what}", headers=headers, **more)


async def report(instance: Instance, after: int = 0) -> Report:
    return read((await ask(instance, "GET", f"report?after={after}")).raise_for_status().content)


async def reported(instance: Instance, condition: Callable[[Report], object], after: int = 0) -> Report:
    """The first report of which the condition is true."""
    said = await report(instance, after)
    deadline = time.monotonic() + 30
    while not condition(said):
        assert time.monotonic() < deadline, f"never reported: {said}"
        await anyio.sleep(0.05)
        said = await report(instance, after)
    return said


async def notify(
    instance: Instance, kind: str, at: float | None = None, text: str = "", name: str = "n1"
) -> None:
    notice = {"id": name, "kind": kind, "at": at, "text": text}
    answer = await ask(instance, "PUT", "notice", json=notice)
    assert answer.json() == {"notice": name}, answer.text


@asynccontextmanager
async def bare_session(
    instance: Instance,
    *outputs: str,
    buttons: tuple[str, ...] = (),
    agent: str = "",
    path: str = "/",
    **more: Any,
) -> AsyncIterator[ClientConnection]:
    """A session that shows these outputs."""
    base = instance.url.rstrip("/").replace("http", "ws")
    place = urlsplit(instance.url)
    data = {
        ".clientdata_pixelratio": 1, ".clientdata_url_protocol": "http:", ".clientdata_url_pathname": path,
        ".clientdata_url_hostname": place.hostname, ".clientdata_url_port": str(place.port),
        ".clientdata_url_search": "", ".clientdata_url_hash": "", ".clientdata_url_hash_initial": "",
        ".clientdata_singletons": "",
        **{f".clientdata_output_{output}_hidden": False for output in outputs},
        **{f"{button}:shiny.action": 0 for button in buttons}, **more,
    }  # fmt: skip
    async with connect(
        f"{base}{path}websocket/", proxy=None, ping_interval=None, close_timeout=2, max_size=None,
        user_agent_header=agent or "Mozilla/5.0",
    ) as socket:  # fmt: skip
        await socket.send(json.dumps({"method": "init", "data": data}))
        yield socket


async def press(socket: ClientConnection, button: str) -> None:
    await socket.send(json.dumps({"method": "update", "data": {f"{button}:shiny.action": 1}}))


async def hear(socket: ClientConnection, what: str, patience: float = 30) -> Any:
    """The first message that has this part, and the part."""
    with anyio.fail_after(patience):
        while True:
            message = json.loads(await socket.recv())
            if message.get(what):
                return message[what]
