"""The queue."""

from datetime import datetime, timedelta

import anyio
import pytest
from sqlmodel import col, select
from tests.server.store.rows import NOON, a_deployment

from sandbox_server.store import Store, jobs
from sandbox_server.store.tables import Job, Release

pytestmark = pytest.mark.anyio

LEASE = 30.0
LATER = NOON + timedelta(seconds=LEASE + 1)


async def add(store: Store, target: str = "deployment:1", kind: str = "deploy") -> int:
    async with store.write() as tx:
        return (await jobs.add(tx, kind, target, {}, by="anna", now=NOON)).id or 0


async def claim(store: Store, at: object = NOON, busy: tuple[str, ...] = ()) -> Job | None:
    async with store.write() as tx:
        return await jobs.claim(tx, at, LEASE, busy)  # type: ignore[arg-type]


async def state(store: Store, job_id: int) -> str:
    async with store.read() as tx:
        return (await jobs.get(tx, job_id)).status


async def test_it_works(store: Store) -> None:
    added = await add(store)
    job = await claim(store)
    assert job is not None
    assert (job.id, job.status, job.attempts) == (added, "running", 1)
    async with store.write() as tx:
        await jobs.finish(tx, job, "done", NOON, result={"release": 1})
    assert await state(store, added) == "done"
    assert await claim(store) is None


async def test_two_workers_at_once_get_different_jobs(store: Store) -> None:
    for target in ("deployment:1", "deployment:2"):
        await add(store, target)
    claimed: list[int] = []

    async def work() -> None:
        if job := await claim(store):
            claimed.append(job.id or 0)

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(work)
    assert sorted(claimed) == [1, 2]


async def test_one_job_of_a_target_runs_at_a_time(store: Store) -> None:
    await add(store)
    await add(store)
    assert await claim(store) is not None
    assert await claim(store) is None


async def test_a_lease_that_ran_out_is_given_to_the_next_worker(store: Store) -> None:
    await add(store)
    dead = await claim(store)
    assert await claim(store, NOON + timedelta(seconds=5)) is None
    again = await claim(store, LATER)
    assert dead is not None
    assert again is not None
    assert (again.id, again.attempts) == (dead.id, 2)


async def test_who_lost_the_lease_cannot_end_the_job(store: Store) -> None:
    added = await add(store)
    dead = await claim(store)
    await claim(store, LATER)
    assert dead is not None
    async with store.write() as tx:
        assert not await jobs.renew(tx, dead, LATER + timedelta(seconds=LEASE))
        await jobs.finish(tx, dead, "done", LATER)
    assert await state(store, added) == "running"


async def test_a_renewed_lease_is_kept(store: Store) -> None:
    await add(store)
    job = await claim(store)
    assert job is not None
    async with store.write() as tx:
        assert await jobs.renew(tx, job, LATER + timedelta(seconds=LEASE))
    assert await claim(store, LATER) is None


async def test_kinds_that_have_no_place_free_wait(store: Store) -> None:
    await add(store, kind="deploy")
    other = await add(store, "app:1", kind="switch")
    job = await claim(store, busy=("deploy",))
    assert job is not None
    assert job.id == other


async def test_what_is_put_off_waits(store: Store) -> None:
    await add(store)
    job = await claim(store)
    assert job is not None
    async with store.write() as tx:
        await jobs.retry_later(tx, job, LATER, "Trying again.")
    assert await claim(store) is None
    assert await claim(store, LATER) is not None


async def test_cancelling_ends_what_nobody_runs_and_asks_who_does(store: Store) -> None:
    waiting, running = await add(store, "deployment:1"), await add(store, "deployment:2")
    async with store.write() as tx:
        await jobs.cancel(tx, "deployment:1", NOON, {"message": "Cancelled."})
    job = await claim(store)
    assert job is not None
    assert job.id == running
    async with store.write() as tx:
        await jobs.cancel(tx, "deployment:2", NOON, {"message": "Cancelled."})
    async with store.read() as tx:
        assert (await jobs.get(tx, running)).cancelled
    assert (await state(store, waiting), await state(store, running)) == ("failed", "running")


async def test_a_cancelled_job_of_a_dead_worker_has_ended(store: Store) -> None:
    running = await add(store)
    assert await claim(store) is not None
    async with store.write() as tx:
        await jobs.cancel(tx, "deployment:1", NOON, {"message": "Cancelled."})
    async with store.write() as tx:
        await jobs.release_leases(tx)
    assert await state(store, running) == "failed"
    assert await claim(store) is None


async def test_a_new_worker_takes_over_at_once(store: Store) -> None:
    await add(store)
    assert await claim(store) is not None
    async with store.write() as tx:
        await jobs.release_leases(tx)
    assert await claim(store) is not None


async def ended(store: Store, target: str, kind: str, at: datetime) -> int:
    added = await add(store, target, kind)
    async with store.write() as tx:
        job = await jobs.claim(tx, NOON, LEASE, ())
        assert job is not None
        await jobs.finish(tx, job, "done", at)
    return added


async def test_what_ended_long_ago_is_forgotten_but_for_what_something_follows_from(store: Store) -> None:
    week = NOON + timedelta(days=7)
    made = await ended(store, "app:1", "switch", NOON)
    for target in ("app:1", "app:1", "instance:1", "comment:1", "letter:1:code"):
        await ended(store, target, "switch", NOON)
    last = await ended(store, "app:1", "switch", NOON)
    late = await ended(store, "instance:2", "start", week)
    newest = await ended(store, "instance:3", "start", NOON)
    waiting = await add(store, "instance:4", "start")
    async with store.write() as tx:
        deployment = await a_deployment(tx)
        release = Release(
            app_id=deployment.app_id, number=1, deployment_id=deployment.id or 0, image="i", spec_hash="s",
            kind="promote", by="anna", created_at=NOON, job_id=made,
        )  # fmt: skip
        tx.add(release)
        await jobs.forget(tx, week)
    async with store.read() as tx:
        left = [job.id for job in await tx.exec(select(Job).order_by(col(Job.id)))]
        assert await jobs.last_end(tx, "app:1", "switch") == NOON
    assert left == [made, last, late, waiting]
    async with store.write() as tx:
        await jobs.cancel(tx, "instance:4", NOON, {})
        await jobs.forget(tx, NOON + timedelta(days=8))
    assert await add(store) == waiting + 1
    assert newest not in left
