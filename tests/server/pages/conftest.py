"""The server in memory, for each test its own."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asgi_lifespan import LifespanManager
from httpx import ASGITransport, AsyncClient
from tests.server.pages.platform import URL, Platform, memory_parts

from sandbox_server.app import create_app
from sandbox_server.operations import login


@pytest.fixture
async def platform(tmp_path: Path, empty_database: Path) -> AsyncIterator[Platform]:
    shutil.copy(empty_database, tmp_path / "sandbox.db")
    parts = memory_parts(tmp_path)
    app = create_app(parts)
    async with (
        LifespanManager(app, startup_timeout=60, shutdown_timeout=60),
        AsyncClient(transport=ASGITransport(app), base_url=URL) as client,
    ):
        yield Platform(parts, client, await login.add_user(parts, "anna", admin=False))
