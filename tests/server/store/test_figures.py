"""Figures are kept by minutes for a day, by hours for a month, and as one sum; faults by place, a hundred at most."""

from datetime import timedelta

import pytest
from sqlmodel import func, select
from tests.server.store.rows import NOON, a_deployment

from sandbox_server.domain.figures import Counts
from sandbox_server.domain.tally import Met
from sandbox_server.store import Store, figures
from sandbox_server.store.tables_seen import Fault, Metric

pytestmark = pytest.mark.anyio

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def rows(store: Store) -> list[tuple[str, str, int]]:
    async with store.read() as tx:
        found = await tx.exec(select(Metric).order_by(Metric.span, Metric.at))  # type: ignore[arg-type]
        return [(row.span, f"{row.at:%d %H:%M}", row.counts.get("started", 0)) for row in found]


async def test_counts_are_added_to_their_minute_their_hour_and_the_whole(store: Store) -> None:
    async with store.write() as tx:
        await a_deployment(tx)
        for seconds in (5, 50, 65):
            await figures.add(tx, 1, "release", NOON + timedelta(seconds=seconds), Counts(started=1))
    assert await rows(store) == [
        ("ever", "01 00:00", 3), ("hour", "02 12:00", 3), ("minute", "02 12:00", 2), ("minute", "02 12:01", 1)
    ]  # fmt: skip


async def test_nothing_leaves_no_row(store: Store) -> None:
    async with store.write() as tx:
        await a_deployment(tx)
        await figures.add(tx, 1, "release", NOON, Counts())
    assert await rows(store) == []


async def test_a_total_is_of_one_deployment_one_scope_and_one_time(store: Store) -> None:
    async with store.write() as tx:
        for number in (1, 2):
            await a_deployment(tx, number=number)
        await figures.add(tx, 1, "release", NOON, Counts(started=1, flushes={3: 1}))
        await figures.add(tx, 1, "release", NOON + MINUTE, Counts(started=2, flushes={3: 1, 5: 1}))
        await figures.add(tx, 1, "release", NOON + 2 * MINUTE, Counts(started=4))
        await figures.add(tx, 1, "sandbox", NOON, Counts(started=8))
        await figures.add(tx, 2, "release", NOON, Counts(started=16))
    async with store.read() as tx:
        found = await figures.total(tx, 1, "release", NOON + timedelta(seconds=30), NOON + 2 * MINUTE)
        long = await figures.total(tx, 1, "release", NOON - 2 * DAY, NOON + 2 * MINUTE)
    assert (found.started, found.flushes) == (3, {3: 2, 5: 1})
    assert long.started == 7


async def test_deployments_of_a_release_are_shown_as_one(store: Store) -> None:
    async with store.write() as tx:
        for number in (1, 2):
            await a_deployment(tx, number=number)
        await figures.add(tx, 1, "release", NOON, Counts(started=1, sessions=5))
        await figures.add(tx, 2, "release", NOON, Counts(started=2, sessions=1))
        await figures.add(tx, 2, "release", NOON + MINUTE, Counts(started=4, sessions=1))
    async with store.read() as tx:
        found = await figures.points(tx, [1, 2], "release", "minute", NOON, NOON + HOUR)
    assert [(at, one.started, one.sessions) for at, one in found] == [(NOON, 3, 6), (NOON + MINUTE, 4, 1)]


async def test_what_is_old_goes_and_the_sum_stays(store: Store) -> None:
    async with store.write() as tx:
        await a_deployment(tx)
        for age in (40 * DAY, 2 * DAY, HOUR):
            await figures.add(tx, 1, "release", NOON - age, Counts(started=1))
    async with store.write() as tx:
        await figures.tidy(tx, NOON)
    assert await rows(store) == [
        ("ever", "01 00:00", 3), ("hour", "28 12:00", 1), ("hour", "02 11:00", 1), ("minute", "02 11:00", 1)
    ]  # fmt: skip


async def test_what_a_clock_that_ran_ahead_wrote_counts_as_of_now(store: Store) -> None:
    async with store.write() as tx:
        await a_deployment(tx)
        await figures.add(tx, 1, "release", NOON, Counts(started=1))
        await figures.add(tx, 1, "release", NOON + 30 * DAY, Counts(started=2))
        await figures.meet(tx, 1, "release", [Met("output a", "e", 1, NOON + 30 * DAY)])
    for _ in range(2):
        async with store.write() as tx:
            await figures.tidy(tx, NOON)
    assert await rows(store) == [
        ("ever", "01 00:00", 3), ("hour", "02 12:00", 3), ("minute", "02 12:00", 3)
    ]  # fmt: skip
    async with store.read() as tx:
        [fault] = await figures.faults(tx, [1], "release")
    assert (fault.first_at, fault.last_at) == (NOON, NOON)


async def test_faults_are_counted_by_place_and_kind(store: Store) -> None:
    async with store.write() as tx:
        await a_deployment(tx)
        await figures.meet(tx, 1, "release", [Met("output a", "e", 2, NOON), Met("output b", "e", 1, NOON)])
    async with store.write() as tx:
        await figures.meet(tx, 1, "release", [Met("output a", "e", 3, NOON + MINUTE, "seen by the visit")])
        await figures.meet(tx, 1, "release", [Met("output a", "e", 1, NOON)])
    async with store.read() as tx:
        found = await figures.faults(tx, [1], "release")
    assert [(row.place, row.count, row.message) for row in found] == [
        ("output a", 6, "seen by the visit"), ("output b", 1, "")
    ]  # fmt: skip
    assert (found[0].first_at, found[0].last_at) == (NOON, NOON + MINUTE)


async def test_the_least_recent_faults_make_room(store: Store) -> None:
    async with store.write() as tx:
        await a_deployment(tx)
        met = [Met(f"output {n}", "e", 1, NOON + n * MINUTE) for n in range(150)]
        await figures.meet(tx, 1, "release", met)
        await figures.meet(tx, 1, "sandbox", met[:1])
    async with store.write() as tx:
        await figures.meet(tx, 1, "release", [Met("output new", "e", 1, NOON + 200 * MINUTE)])
    async with store.read() as tx:
        found = await figures.faults(tx, [1], "release")
        assert (await tx.exec(select(func.count()).select_from(Fault))).one() == figures.MOST_FAULTS + 1
    assert [found[0].place, found[-1].place] == ["output new", "output 51"]


async def test_a_retired_deployment_leaves_nothing(store: Store) -> None:
    async with store.write() as tx:
        await a_deployment(tx, number=1, status="retired")
        await a_deployment(tx, number=2)
        for deployment in (1, 2):
            await figures.add(tx, deployment, "sandbox", NOON, Counts(started=1))
            await figures.meet(tx, deployment, "sandbox", [Met("output a", "e", 1, NOON)])
        await figures.forget_retired(tx)
        assert {row.deployment_id for row in await tx.exec(select(Metric))} == {2}
        assert [row.deployment_id for row in await tx.exec(select(Fault))] == [2]


async def test_all_that_was_ever_counted_is_known_by_scope(store: Store) -> None:
    async with store.write() as tx:
        await a_deployment(tx)
        await figures.add(tx, 1, "sandbox", NOON - 90 * DAY, Counts(started=1))
        await figures.add(tx, 1, "sandbox", NOON, Counts(started=1))
        await figures.add(tx, 1, "release", NOON, Counts(requests=7))
        await figures.tidy(tx, NOON)
        found = await figures.ever(tx, [1])
        recent = await figures.measured_since(tx, NOON - HOUR)
    assert {scope: (one.started, one.requests) for (_, scope), one in found.items()} == {
        "sandbox": (2, 0), "release": (0, 7)
    }  # fmt: skip
    assert recent == {1}
