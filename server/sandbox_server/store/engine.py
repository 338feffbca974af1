"""The database: one writer at a time, every commit durable, every commit heard."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

_WRITE = "sandbox_write"


class Store:
    """Transactions on the database. The queries are functions in this package, by table."""

    def __init__(self, url: str, changed: Callable[[], None] = lambda: None) -> None:
        self._engine = _create_engine(url)
        self._reading = _one_snapshot(self._engine)
        self._writing = self._engine.execution_options(**{_WRITE: True})
        self._changed = changed
        self._turn = asyncio.Lock()
        self._writer: asyncio.Task[Any] | None = None
        self.commits = 0
        """How often this process has written: rows that were read since are as they were."""

    @property
    def engine(self) -> AsyncEngine:
        return self._engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A consistent look at the rows."""
        async with AsyncSession(self._reading, expire_on_commit=False, autoflush=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction, committed at the end or rolled back by any error. Never call the network inside.

        Raises RuntimeError within another one of the same task, which would wait for itself.
        """
        if self._writer is asyncio.current_task():
            raise RuntimeError("a transaction within a transaction")
        # SQLite's writers wait for a busy disk in no order and give up after a while: here they stand in line.
        async with (
            self._turn,
            AsyncSession(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            self._writer = asyncio.current_task()
            try:
                if self._engine.dialect.name == "postgresql":
                    # Chained events and numbered rows need one writer at a time, as SQLite has by nature.
                    await session.exec(text("SELECT pg_advisory_xact_lock(8473)"))  # type: ignore[call-overload]
                yield session
            finally:
                self._writer = None
        self.commits += 1
        self._changed()

    async def close(self) -> None:
        await self._engine.dispose()


def _one_snapshot(engine: AsyncEngine) -> AsyncEngine:
    """Postgres would look anew at each query, and show an instance of now beside the jobs of a moment later."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine


def _create_engine(url: str) -> AsyncEngine:
    engine = create_async_engine(re.sub(r"^postgres(ql)?://", "postgresql+asyncpg://", url))
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin transactions by itself, and too late: see SQLAlchemy's notes on pysqlite's transactions.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=60000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
