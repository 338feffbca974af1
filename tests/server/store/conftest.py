"""The store on both databases."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from tests.server.databases import postgres

from sandbox_server.store import Store
from sandbox_server.store.migrate import migrate

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        asyncio.run(_prepare(url))
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path, empty_database: Path) -> str:
    """A database of this test's own, with all tables and no rows."""
    if request.param == "sqlite":
        shutil.copy(empty_database, tmp_path / "sandbox.db")
        return f"sqlite+aiosqlite:///{tmp_path / 'sandbox.db'}"
    pattern, name = request.getfixturevalue("postgres_url"), f"test{next(_numbers)}"
    asyncio.run(_execute(pattern.format(name="postgres"), f"CREATE DATABASE {name} TEMPLATE empty"))
    return str(pattern.format(name=name))


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = Store(url)
    try:
        yield opened
    finally:
        await opened.close()


async def _prepare(url: str) -> None:
    await _execute(url.format(name="postgres"), "CREATE DATABASE empty")
    store = Store(url.format(name="empty"))
    try:
        await migrate(store)
    finally:
        await store.close()


async def _execute(url: str, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()
