"""Visits and notices."""

from datetime import timedelta

import pytest
from tests.server.store.rows import NOON, a_deployment, an_app

from sandbox_server.store import Store, notices, releases, visits
from sandbox_server.store.tables_seen import Visit

pytestmark = pytest.mark.anyio


async def visit(store: Store, minutes: int, ok: bool = True) -> None:
    async with store.write() as tx:
        app = await an_app(tx)
        at = NOON + timedelta(minutes=minutes)
        await visits.add(tx, Visit(app_id=app.id or 0, deployment_id=1, release=1, ok=ok, at=at))


async def test_visits_are_found_by_time_and_verdict(store: Store) -> None:
    async with store.write() as tx:
        app = await an_app(tx)
        await an_app(tx, "unvisited")
        await a_deployment(tx)
    for minutes, ok in ((0, True), (5, False), (10, True)):
        await visit(store, minutes, ok)
    async with store.write() as tx:
        app_id = app.id or 0
        assert await visits.last_times(tx) == {app_id: NOON + timedelta(minutes=10)}
        assert [seen.ok for seen in await visits.since(tx, app_id, NOON + timedelta(minutes=5))] == [
            False,
            True,
        ]
        assert [row.ok for row in await visits.newest(tx, app_id)] == [True]
        (failed,) = await visits.newest(tx, app_id, 9, failed=True, after=NOON)
        assert failed.at == NOON + timedelta(minutes=5)
        await visits.forget(tx, NOON + timedelta(minutes=7))
        assert len(await visits.since(tx, app_id, NOON)) == 1


async def test_of_each_app_so_many_visits_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MOST", 2)
    async with store.write() as tx:
        app = await an_app(tx)
        await a_deployment(tx)
    for minutes in range(5):
        await visit(store, minutes)
    async with store.read() as tx:
        kept = await visits.since(tx, app.id or 0, NOON)
    assert [seen.at for seen in kept] == [NOON + timedelta(minutes=minutes) for minutes in (3, 4)]


async def test_a_notice_is_open_until_it_is_settled(store: Store) -> None:
    async with store.write() as tx:
        app_id = (await an_app(tx)).id or 0
        assert await notices.open_notice(tx, app_id, "a", "first", NOON)
        assert await notices.open_notice(tx, app_id, "a", "again", NOON) is None
        assert [row.text for row in await notices.open_ones(tx)] == ["first"]
        assert [row.text for row in await notices.untold(tx)] == ["first"]
        assert await notices.settle(tx, app_id, "a", NOON)
        assert not await notices.settle(tx, app_id, "a", NOON)
        assert await notices.open_ones(tx, app_id) == []
        assert await notices.untold(tx) == []
        assert len(await notices.of_app(tx, app_id)) == 1
        await notices.forget(tx, NOON + timedelta(seconds=1))
        assert await notices.of_app(tx, app_id) == []


async def test_notices_of_removed_apps_are_nobodys(store: Store) -> None:
    async with store.write() as tx:
        app = await an_app(tx)
        await notices.open_notice(tx, app.id or 0, "a", "first", NOON)
        app.removed_at = NOON
        tx.add(app)
        await tx.flush()
        assert await notices.open_ones(tx) == []


async def test_releases_are_told_with_their_shares(store: Store) -> None:
    async with store.write() as tx:
        app, one, two = await an_app(tx), await a_deployment(tx), await a_deployment(tx, number=2)
        for seen, (deployment, share) in enumerate(((one, 100), (two, 10), (two, 0))):
            await releases.add(
                tx, app, deployment, seen=seen, spec_hash=f"s{deployment.number}", variables_at=0, kind="promote",
                by="ben", reason="", now=NOON, share=share,
            )  # fmt: skip
        assert await releases.specs(tx) == {
            app.id: [
                releases.Made(two.id or 0, "s2", 0),
                releases.Made(two.id or 0, "s2", 10),
                releases.Made(one.id or 0, "s1", 100),
            ]
        }
