"""The database: one writer at a time, every commit durable, every commit heard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.store.answering import Answering, open_engine

_WRITE = "sandbox_write"


class Store:
    """Transactions on the database. The queries are functions in this package, by table."""

    def __init__(self, url: str, changed: Callable[[], None] = lambda: None) -> None:
        self._engine = _prepared(open_engine(url))
        self._answering = Answering()
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
        """A consistent look at the rows. Raises `StoreUnavailable`."""
        session = AsyncSession(self._reading, expire_on_commit=False, autoflush=False)
        with self._answering.working():
            async with session:
                await self._connect(session)
                yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction, committed at the end or rolled back by any error. Never call the network inside.

        Raises RuntimeError within another one of the same task, which would wait for itself, and `StoreUnavailable`:
        then nothing was changed, unless the connection broke in the very commit, when nobody can know.
        """
        if self._writer is asyncio.current_task():
            raise RuntimeError("a transaction within a transaction")
        # SQLite's writers wait for a busy disk in no order and give up after a while: here they stand in line.
        session = AsyncSession(self._writing, expire_on_commit=False)
        async with self._turn:
            with self._answering.working():
                async with session, session.begin():
                    await self._connect(session)
                    self._writer = asyncio.current_task()
                    try:
                        await self._be_the_only_one(session)
                        yield session
                    finally:
                        self._writer = None
        self.commits += 1
        self._changed()

    async def close(self) -> None:
        await self._engine.dispose()

    async def _connect(self, session: AsyncSession) -> None:
        with self._answering.connecting():
            await session.connection()

    async def _be_the_only_one(self, session: AsyncSession) -> None:
        """Chained events and numbered rows need one writer at a time, as SQLite has by nature."""
        if self._engine.dialect.name == "postgresql":
            await session.exec(text("SELECT pg_advisory_xact_lock(8473)"))  # type: ignore[call-overload]


def _one_snapshot(engine: AsyncEngine) -> AsyncEngine:
    """Postgres would look anew at each query, and show an instance of now beside the jobs of a moment later."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine


def _prepared(engine: AsyncEngine) -> AsyncEngine:
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        event.listen(engine.sync_engine, "invalidate", _give_up_sqlite)
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


def _give_up_sqlite(connection: Any, _record: object, _error: object) -> None:
    """Of a connection whose task was cancelled: a cursor with rows left would keep its transaction open, and everybody
    else out, until it is collected (https://www.sqlite.org/c3ref/close.html on zombies).
    """
    driver = connection.driver_connection
    # Not awaited: this task may be cancelled once more. The connection's thread does one thing after the other.
    with suppress(ValueError):  # closed already
        driver._tx.put_nowait((None, driver._conn.rollback))
