"""Transactions, migrations, history."""

import asyncio
from ipaddress import IPv4Network
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from sqlalchemy import text
from sqlmodel import col, select
from tests.server.store.rows import NOON, an_app

from sandbox_server.domain.waiting import Shape
from sandbox_server.store import Store, apps, events, warm
from sandbox_server.store.migrate import differences, migrate
from sandbox_server.store.tables import Branch

pytestmark = pytest.mark.anyio

OLD = """
INSERT INTO app (id, name, title, deployments, releases, created_by, created_at)
VALUES (1, 'sales', '', 3, 0, 'anna', '2026-03-01');
INSERT INTO branch (id, app_id, name, label, created_at)
VALUES (1, 1, 'pushed', 'a', '2026-03-01'), (2, 1, 'used', 'b', '2026-03-01'), (3, 1, 'empty', 'c', '2026-03-01');
INSERT INTO deployment (app_id, branch_id, number, created_at, awake_until, status, version, phase, bundle,
bundle_size, config, packages, git_commit, message, commits, dirty, note, author, smoke, seconds, error)
SELECT 1, branch, number, created, awake, 'asleep', 1, '', '', 0, '{}', '[]', '', '', '[]', 0, '', 'anna', '{}', '{}',
'{}' FROM (SELECT 1 AS branch, 1 AS number, '2026-03-02 12:00:00' AS created, NULL AS awake
UNION SELECT 1, 2, '2026-03-05 12:00:00', '2026-03-04 12:00:00'
UNION SELECT 2, 3, '2026-03-02 12:00:00', '2026-03-09 12:00:00')
"""
"""A database of earlier days."""


async def test_it_works(store: Store) -> None:
    async with store.write() as tx:
        await an_app(tx)
    async with store.read() as tx:
        assert [app.name for app in await apps.all_apps(tx)] == ["sales-dashboard"]


async def test_the_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    assert await differences(store) == []


async def test_migrating_again_changes_nothing(store: Store) -> None:
    await migrate(store)
    assert await differences(store) == []


async def test_an_upgrade_knows_when_branches_were_last_touched(tmp_path: Path) -> None:
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}")
    try:
        await migrate(store, to="0002")
        async with store.engine.begin() as connection:
            for statement in OLD.split(";"):
                await connection.execute(text(statement))
        await migrate(store)
        async with store.read() as tx:
            touched = [row.touched_at for row in await tx.exec(select(Branch).order_by(col(Branch.id)))]
        days = [at and at.date().isoformat() for at in touched]
        assert days == ["2026-03-05", "2026-03-09", None]
    finally:
        await store.close()


async def test_addresses_go_on_when_what_had_them_is_forgotten(store: Store) -> None:
    subnet = IPv4Network("10.9.0.0/24")
    shape, given = Shape("library", frozenset({"zoo"}), 2**28, 1), []
    for _ in range(3):
        async with store.write() as tx:
            row = await warm.add(tx, shape, "image", platform="abc", subnet=subnet, now=NOON)
            given.append(row.address)
        async with store.write() as tx:
            await warm.forget(tx, row)
    assert len(set(given)) == 3


async def test_an_error_takes_everything_of_its_transaction_back(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        await fail(store)
    async with store.read() as tx:
        assert await apps.all_apps(tx) == []


async def test_times_come_back_as_they_went_in(store: Store) -> None:
    async with store.write() as tx:
        await an_app(tx)
    async with store.read() as tx:
        assert (await apps.get(tx, "sales-dashboard")).created_at == NOON


async def test_writers_wait_for_each_other(store: Store) -> None:
    async with store.write() as tx:
        await an_app(tx)

    async def push() -> None:
        async with store.write() as tx:
            app = await apps.get(tx, "sales-dashboard")
            app.deployments += 1
            tx.add(app)
            await events.record(tx, at=NOON, by="anna", action="deployment.pushed")

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(push)
    async with store.read() as tx:
        assert (await apps.get(tx, "sales-dashboard")).deployments == 8
        assert await events.first_broken(tx) is None


async def test_writers_stand_in_line(store: Store) -> None:
    order: list[int] = []

    async def write(number: int) -> None:
        async with store.write() as tx:
            await an_app(tx, f"app-{number}")
            await anyio.lowlevel.checkpoint()
            order.append(number)

    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(write, number)
    assert order == [0, 1, 2, 3, 4]


async def test_a_transaction_within_a_transaction_is_refused(store: Store) -> None:
    async with store.write() as tx:
        await an_app(tx)
        with pytest.raises(RuntimeError, match="within a transaction"):
            async with store.write():
                pass
    async with store.read() as after:
        assert len(await apps.all_apps(after)) == 1


SLOW = text(
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000) SELECT x FROM n WHERE x > 19000"
)


@pytest.mark.parametrize("steps", range(6))
async def test_a_writer_that_is_cancelled_in_the_middle_of_a_look_keeps_nobody_out(
    store: Store, steps: int
) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with store.write() as tx:
            await an_app(tx, "cancelled")
            begun.set()
            await tx.exec(SLOW)  # type: ignore[call-overload]

    # Its error, and with it the cursor that still has rows, lives as long as the task.
    cancelled = asyncio.create_task(write())
    await begun.wait()
    for _ in range(steps):
        await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    async with asyncio.timeout(20), store.write() as tx:
        await an_app(tx)
    async with store.read() as after:
        assert [app.name for app in await apps.all_apps(after)] == ["sales-dashboard"]


async def test_a_read_sees_one_moment_only(store: Store) -> None:
    async with store.write() as tx:
        await an_app(tx)
    async with store.read() as before:
        assert len(await apps.all_apps(before)) == 1
        async with store.write() as tx:
            await an_app(tx, "other")
        before.expunge_all()
        assert len(await apps.all_apps(before)) == 1


async def test_every_commit_rings_and_no_rollback_does(store: Store) -> None:
    heard: list[int] = []
    ringing = Store(store.engine.url.render_as_string(hide_password=False), lambda: heard.append(1))
    try:
        async with ringing.write() as tx:
            await an_app(tx)
        with pytest.raises(ZeroDivisionError):
            await fail(ringing)
    finally:
        await ringing.close()
    assert heard == [1]


async def test_a_history_that_was_altered_is_found(store: Store) -> None:
    async with store.write() as tx:
        for number in range(4):
            await events.record(tx, at=NOON, by="anna", action="deployment.pushed", subject=f"d{number}")
    async with store.read() as tx:
        assert await events.first_broken(tx) is None
    async with store.engine.begin() as connection:
        await connection.execute(text("UPDATE event SET by = 'ben' WHERE id = 2"))
    async with store.read() as tx:
        assert await events.first_broken(tx) == 2


async def test_a_row_that_was_taken_out_of_the_history_is_found(store: Store) -> None:
    async with store.write() as tx:
        for number in range(4):
            await events.record(tx, at=NOON, by="anna", action="deployment.pushed", subject=f"d{number}")
    async with store.engine.begin() as connection:
        await connection.execute(text("DELETE FROM event WHERE id = 2"))
    async with store.read() as tx:
        assert await events.first_broken(tx) == 3


async def test_an_app_that_was_removed_comes_back_with_its_numbers(store: Store) -> None:
    async with store.write() as tx:
        app = await an_app(tx)
        app.deployments, app.removed_at = 41, NOON
        tx.add(app)
    async with store.write() as tx:
        assert await apps.find(tx, "sales-dashboard") is None
        back = await apps.ensure(tx, "sales-dashboard", "ben", NOON)
        assert back.deployments == 41
        told = [(event.action, event.by) for event in await events.recent(tx)]
        assert told[0] == ("app.restored", "ben")


async def fail(store: Store) -> None:
    async with store.write() as tx:
        await an_app(tx, "half-made")
        raise ZeroDivisionError
