"""The worker: done, failed, tried again, cancelled, killed."""

from asyncio import Event, create_task, current_task, gather, sleep
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tests.server.cast import ANNA, APP, BEN
from tests.server.platform import Platform

from sandbox_server import wire
from sandbox_server.errors import RuntimeUnavailable, StoreUnavailable, Unavailable
from sandbox_server.jobs import Worker
from sandbox_server.jobs.kinds import KINDS, Kind
from sandbox_server.operations import deploy, edge, start, switch
from sandbox_server.operations.cancel import cancel
from sandbox_server.operations.jobs import show_job
from sandbox_server.operations.promote import request_promote
from sandbox_server.store import jobs

pytestmark = pytest.mark.anyio


class KilledError(BaseException):
    """The process ends here: nothing below may catch it."""


@pytest.fixture
def die_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """From now on a story that comes by this failpoint ends there, as if the process were gone."""

    def arm(name: str) -> None:
        def failpoint(passed: str) -> None:
            if passed == name:
                raise KilledError(name)

        for module in (deploy, start, switch, edge):
            monkeypatch.setattr(module, "failpoint", failpoint)

    yield arm
    monkeypatch.undo()


async def one_job(platform: Platform) -> jobs.Job:
    async with platform.parts.store.write() as tx:
        job = await jobs.claim(tx, platform.clock(), 30, ())
    assert job is not None
    return job


async def test_it_works(platform: Platform) -> None:
    await platform.push()
    await platform.work()
    assert [(job.kind, job.status, job.attempts) for job in await platform.jobs()] == [("deploy", "done", 1)]


@pytest.mark.parametrize(
    "place",
    ["deploy.built", "start.leased", "start.started", "edge.written", "deploy.routed", "deploy.published"],
)
async def test_a_push_that_was_killed_is_told_again_to_the_same_end(
    platform: Platform, die_at: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    await platform.push()
    die_at(place)
    with pytest.raises(KilledError):
        await deploy.deploy(platform.parts, await one_job(platform))
    monkeypatch.undo()
    await platform.quiet()
    assert await platform.status(1) == "ready"
    assert (platform.sandbox_shows(), len(await platform.running())) == ("d1", 1)
    moves = [line for line in await platform.history() if "deployment.moved" in line]
    assert len(moves) == 3


@pytest.mark.parametrize(
    "place",
    [
        "start.leased",
        "start.started",
        "switch.started",
        "switch.visited",
        "switch.released",
        "edge.written",
        "switch.applied",
    ],
)
async def test_a_promote_that_was_killed_makes_one_release(
    platform: Platform, die_at: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    number = await platform.deploy()
    asked = wire.ReleaseRequest(deployment=number, seen=0)
    await request_promote(platform.parts, BEN, APP, asked)
    die_at(place)
    with pytest.raises(KilledError):
        await switch.switch(platform.parts, await one_job(platform))
    monkeypatch.undo()
    await platform.quiet()
    assert [(row.release, row.deployment) for row in await platform.releases()] == [(1, 1)]
    assert platform.users_get() == "d1"
    assert len(await platform.running()) == 2
    assert [job.status for job in await platform.jobs()] == ["done", "done"]


async def test_a_worker_that_is_stopped_leaves_its_job_to_the_next_one(long_start: Platform) -> None:
    platform = long_start
    platform.runtime.status = None
    await platform.push()
    async with platform.worker():
        await platform.until(platform.running)
    assert [job.status for job in await platform.jobs()] == ["running"]
    platform.runtime.status = 200
    await platform.quiet()
    assert await platform.status(1) == "ready"
    assert (await platform.jobs())[0].attempts == 2


async def test_what_is_cancelled_ends_while_it_runs(long_start: Platform) -> None:
    platform = long_start
    platform.runtime.status = None
    await platform.push()
    async with platform.worker():
        await platform.until(platform.running)
        assert (await cancel(platform.parts, ANNA, APP, 1)).status == "cancelled"

        async def ended() -> bool:
            return (await platform.jobs())[0].status == "failed"

        await platform.until(ended)
    await platform.quiet()
    assert await platform.status(1) == "cancelled"
    assert await platform.running() == []
    assert (await platform.jobs())[0].error["message"] == "It was cancelled."


async def test_what_is_cancelled_before_it_began_never_begins(platform: Platform) -> None:
    await platform.push()
    await cancel(platform.parts, ANNA, APP, 1)
    await platform.quiet()
    assert await platform.status(1) == "cancelled"
    assert (await platform.jobs())[0].attempts == 0


@pytest.mark.parametrize("kind", [RuntimeUnavailable, StoreUnavailable])
async def test_engine_and_database_may_be_away_for_a_while(
    platform: Platform, kind: type[Unavailable]
) -> None:
    await platform.push()
    platform.runtime.fail_next(kind("It does not answer."))
    await platform.work()
    job = (await platform.jobs())[0]
    assert (job.status, job.attempts, job.progress) == ("queued", 1, "It does not answer. Trying again.")
    assert job.run_after > platform.clock()
    await platform.sleep(30)
    assert await platform.status(1) == "ready"


async def test_a_worker_survives_a_database_that_fails_it_once(platform: Platform) -> None:
    read, failed = platform.parts.store.read, []

    def flaky() -> Any:
        if not failed and current_task() is task:
            failed.append(1)
            raise OSError("disk I/O error")
        return read()

    await platform.push()
    task = create_task(Worker(platform.parts).run())
    platform.parts.store.read = flaky  # type: ignore[method-assign]
    try:
        await platform.until(lambda: done(platform))
    finally:
        task.cancel()
        await gather(task, return_exceptions=True)
    assert failed == [1]


async def test_the_lease_is_kept_however_much_else_happens(
    long_start: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = long_start
    monkeypatch.setattr("sandbox_server.jobs.worker.LEASE", 0.3)
    platform.runtime.status = None
    await platform.push()
    async with platform.worker():
        await platform.until(platform.running)
        first = (await platform.jobs())[0].leased_until
        platform.clock.advance(0.2)

        async def renewed() -> bool:
            platform.parts.bell.ring()
            return (await platform.jobs())[0].leased_until != first

        await platform.until(renewed)
        assert (await platform.jobs())[0].attempts == 1


async def test_apps_that_start_slowly_take_no_place_to_build(long_start: Platform) -> None:
    platform = long_start
    platform.runtime.status = None
    for branch in ("one", "two", "three"):
        await platform.push(branch)
    async with platform.worker():

        async def all_start() -> bool:
            return [await platform.status(number) for number in (1, 2, 3)] == ["starting"] * 3

        await platform.until(all_start)


async def test_a_push_waits_for_a_place_to_build_and_says_so(platform: Platform) -> None:
    for _ in range(platform.parts.settings.builds_at_once):
        await platform.parts.building.acquire()
    await platform.push()
    async with platform.worker():

        async def waits() -> bool:
            return (await platform.row(1)).phase == "waiting for a place to build"

        await platform.until(waits)
        assert await platform.status(1) == "queued"
        platform.parts.building.release()
        await platform.until(lambda: done(platform))


async def done(platform: Platform) -> bool:
    return await platform.status(1) == "ready"


async def test_a_worker_with_its_hands_full_waits_instead_of_looking_again_and_again(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = Event()

    async def endless(_parts: Any, _job: Any) -> None:
        begun.set()
        await Event().wait()

    monkeypatch.setitem(KINDS, "deploy", Kind(endless, at_once=lambda _: 1))
    await platform.push("one")
    await platform.push("two")
    async with platform.worker():
        await begun.wait()
        before = platform.parts.store.commits
        for _ in range(50):
            platform.parts.bell.ring()
            await sleep(0)
        await sleep(0.1)
        assert platform.parts.store.commits == before


async def test_a_switch_that_is_given_up_after_the_release_was_written_is_told_as_done(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    await platform.deploy()

    async def away(_parts: Any) -> None:
        raise RuntimeError("the edge is away")

    real = switch.edge.apply
    monkeypatch.setattr(switch, "edge", SimpleNamespace(apply=away))
    job = await request_promote(platform.parts, BEN, APP, wire.ReleaseRequest(deployment=1, seen=0))
    await platform.work()
    shown = await show_job(platform.parts, job.job)
    assert (shown.status, shown.release and shown.release.release) == ("done", 1)
    monkeypatch.undo()
    await real(platform.parts)
    assert platform.users_get() == "d1"
