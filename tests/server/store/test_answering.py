"""A database that goes away: said in words, once, and found again."""

import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from tests.server.databases import Postgres, running_postgres
from tests.server.store.rows import an_app

from sandbox_server.errors import BadRequest, StoreUnavailable
from sandbox_server.store import Store, apps
from sandbox_server.store.migrate import migrate

pytestmark = pytest.mark.anyio


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    with running_postgres() as made:
        yield made


async def test_it_is_said_once_and_nothing_is_changed(
    own_postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sandbox_server.store.answering")
    store = Store(own_postgres.url("postgres"))
    try:
        await migrate(store)
        with pytest.raises(StoreUnavailable, match="The database does not answer just now"):
            await cut_off(store, own_postgres)
        for look in (store.read, store.write):
            with pytest.raises(StoreUnavailable):
                async with look():
                    pass
        own_postgres.start()
        async with store.read() as tx:
            assert await apps.all_apps(tx) == []
        async with store.write() as tx:
            await an_app(tx)
    finally:
        await store.close()
    said = [record.message.partition(":")[0] for record in caplog.records]
    assert said == ["the database does not answer", "the database answers again"]


async def cut_off(store: Store, postgres: Postgres) -> None:
    async with store.write() as tx:
        await an_app(tx)
        postgres.stop()


async def test_a_restart_between_two_looks_is_not_noticed(own_postgres: Postgres) -> None:
    store = Store(own_postgres.url("postgres"))
    try:
        await migrate(store)
        own_postgres.stop()
        own_postgres.start()
        async with store.read() as tx:
            assert await apps.all_apps(tx) == []
    finally:
        await store.close()


async def test_who_is_not_let_in_is_told_so_in_the_log(
    own_postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(own_postgres.url("lost"))
    try:
        with pytest.raises(StoreUnavailable):
            await migrate(store)
    finally:
        await store.close()
    assert 'database "lost" does not exist' in caplog.text


async def test_an_error_of_ours_stays_one(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        async with store.write():
            raise ZeroDivisionError
    with pytest.raises(Exception, match="no_such_table") as caught:
        async with store.read() as tx:
            await tx.exec(text("SELECT 1 FROM no_such_table"))  # type: ignore[call-overload]
    assert not isinstance(caught.value, StoreUnavailable)


@pytest.mark.parametrize("url", ["mysql://db/sandbox", "nonsense", "sqlite:///sandbox.db"])
def test_what_is_no_database_of_ours_is_refused(url: str) -> None:
    with pytest.raises(BadRequest, match="SANDBOX_DATABASE is no URL"):
        Store(url)


def test_sslmode_is_understood_as_psql_writes_it() -> None:
    store = Store("postgresql://ada:secret@db/sandbox?sslmode=require")
    assert dict(store.engine.url.query) == {"ssl": "require"}
