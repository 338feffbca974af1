"""The API over a platform in memory, with a client for each person."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from asgi_lifespan import LifespanManager
from httpx import ASGITransport, AsyncClient
from tests.server.cast import ANNA, BEN
from tests.server.platform import Platform, assemble

from sandbox_server.app import create_app
from sandbox_server.operations import login


@dataclass
class Api:
    platform: Platform
    anna: AsyncClient
    ben: AsyncClient
    nobody: AsyncClient


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    platform = assemble(tmp_path, reconcile_every=0.1)
    app = create_app(platform.parts)
    async with LifespanManager(app, startup_timeout=60, shutdown_timeout=60):
        transport = ASGITransport(app, raise_app_exceptions=False)
        clients = [
            AsyncClient(transport=transport, base_url="http://sandbox.localhost/api/v1") for _ in range(3)
        ]
        for caller, client in zip((ANNA, BEN), clients, strict=False):
            token = await login.add_user(platform.parts, caller.user, admin=caller.admin)
            client.headers["Authorization"] = f"Bearer {token}"
        yield Api(platform, *clients)
        for client in clients:
            await client.aclose()
