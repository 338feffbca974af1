"""Rita's link in tests of the reviewer's pages: a client that knows nothing but the link."""

import struct
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from httpx import ASGITransport, AsyncClient, Response
from tests.server.cast import ANNA, APP
from tests.server.platform import Platform, open_platform

from sandbox_server.app import create_app
from sandbox_server.operations import login
from sandbox_server.operations.invite import invite
from sandbox_server.pages.session import COOKIE
from sandbox_server.wire_review import ReviewRequest

URL = "http://sandbox.localhost:8080"
TEST = "http://d1--sales-dashboard.apps.localhost:8080"
LIVE = "http://sales-dashboard.apps.localhost:8080"
BETTER = {"app.R": "library(shiny)\nshinyApp(better, server)\n"}
KEY = "0123456789abcdef"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&</textarea></p>"
SCRIPT = "- Choose the region South\n- Download the table"


@dataclass
class Link:
    """Rita's, on the branch feature-x."""

    platform: Platform
    client: AsyncClient
    id: int
    path: str

    async def get(self, rest: str = "") -> Response:
        return await self.client.get(self.path + rest)

    async def post(
        self, rest: str, *, origin: str | None = URL, by_script: bool = True, **sent: Any
    ) -> Response:
        headers = {"Origin": origin} if origin else {}
        headers |= {"Accept": "application/json"} if by_script else {}
        files = sent.pop("files", None)
        return await self.client.post(self.path + rest, data=sent, files=files, headers=headers)

    async def say(
        self, text: str = "The sum is wrong", key: str = KEY, version: int = 1, **more: Any
    ) -> Response:
        return await self.post("/comments", key=key, version=version, text=text, **more)

    async def judge(
        self, outcome: str = "accepted", seen: int = 0, version: int = 1, **more: Any
    ) -> Response:
        fields = {"name": "Rita Moreno", "text": "", **more}
        return await self.post("/verdict", version=version, seen=seen, outcome=outcome, **fields)


@pytest.fixture
async def platform(tmp_path: Path, empty_database: Path) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path, empty_database) as opened:
        yield opened


@pytest.fixture
async def link(platform: Platform) -> AsyncIterator[Link]:
    await platform.deploy("feature-x", commits=["3f2a1c9 Show margins"])
    transport = ASGITransport(create_app(platform.parts))
    async with AsyncClient(transport=transport, base_url=URL) as client:
        yield await ask(platform, client)


async def ask(
    platform: Platform, client: AsyncClient, name: str = "Rita Moreno", script: str = SCRIPT
) -> Link:
    request = ReviewRequest(branch="feature-x", name=name, email="rita@example.org", script=script)
    review = await invite(platform.parts, ANNA, APP, request)
    return Link(platform, client, review.id, urlsplit(review.url).path)


async def log_in(platform: Platform, link: Link) -> None:
    """Anna opens it on her own browser."""
    token = await login.add_user(platform.parts, "anna", admin=False)
    link.client.headers["Cookie"] = f"{COOKIE}={await login.sign_in_with_token(platform.parts, token)}"


def picture() -> bytes:
    """One black point."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
