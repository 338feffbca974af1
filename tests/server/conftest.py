"""What the server's fast tests share: a migrated database to copy, and a platform in memory."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.server.platform import Platform, open_platform

from sandbox_server.store import Store
from sandbox_server.store.migrate import migrate


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and no rows; migrated once, copied by everybody."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
async def platform(tmp_path: Path, empty_database: Path) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path, empty_database) as opened:
        yield opened


@pytest.fixture
async def long_start(tmp_path: Path, empty_database: Path) -> AsyncIterator[Platform]:
    """Apps may take long to start: for those that end while they do."""
    async with open_platform(tmp_path, empty_database, start_timeout=15) as opened:
        yield opened


async def _migrate(url: str) -> None:
    store = Store(url)
    try:
        await migrate(store)
    finally:
        await store.close()
