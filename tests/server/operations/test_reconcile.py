"""What is follows what is intended."""

import pytest
from tests.server.cast import ANNA, APP
from tests.server.platform import Platform

from sandbox_server.domain.edge import Server
from sandbox_server.domain.instance import Scope
from sandbox_server.errors import RuntimeUnavailable
from sandbox_server.operations.restart import request_restart

pytestmark = pytest.mark.anyio

MINUTE = 60.0


async def test_it_works(platform: Platform) -> None:
    await platform.deploy()
    before = await platform.history()
    await platform.quiet()
    assert await platform.history() == before


async def test_a_crash_is_told_and_replaced_at_once(platform: Platform) -> None:
    await platform.deploy()
    gone = await platform.instance(1)
    platform.runtime.crash(gone.name, 137)
    await platform.quiet()
    assert (await platform.instance(1)).id != gone.id
    assert platform.sandbox_shows() == "d1"
    assert any("platform instance.crashed d1 sandbox>" in line for line in await platform.history())


async def test_what_a_job_started_again_since_the_look_is_not_ended(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    await platform.deploy()
    row, look = await platform.instance(1), platform.router.sessions
    platform.runtime.crash(row.name, 1)

    async def meanwhile() -> dict[Server, int]:
        await platform.runtime.start(platform.runtime.spec(row.name))
        return await look()

    monkeypatch.setattr(platform.router, "sessions", meanwhile)
    await platform.reconcile()
    assert (await platform.instance(1)).id == row.id
    assert platform.sandbox_shows() == "d1"


async def test_an_app_that_dies_after_each_start_is_started_ever_more_slowly(platform: Platform) -> None:
    await platform.deploy()
    starts = 0
    for _ in range(60):
        if up := [row for row in await platform.live(1) if row.state == "up"]:
            platform.runtime.crash(up[-1].name, 1)
            starts += 1
        await platform.sleep(1)
    assert 3 <= starts <= 6


async def test_the_sandbox_of_an_older_deployment_sleeps_after_its_last_session(platform: Platform) -> None:
    await platform.deploy()
    old = await platform.instance(1)
    platform.people(old, 1)
    await platform.deploy()
    await platform.sleep(MINUTE)
    assert await platform.status(1) == "ready"
    platform.people(old, 0)
    await platform.quiet()
    await platform.sleep(MINUTE)
    assert (await platform.status(1), await platform.live(1)) == ("asleep", [])
    assert platform.permalink_shows(1) == "waker"


async def test_unknown_counts_mean_stay(platform: Platform) -> None:
    await platform.deploy()
    await platform.deploy()
    readable = platform.router.sessions

    async def unreadable() -> dict[object, int]:
        platform.router.readable = False
        try:
            return await readable()  # type: ignore[return-value]
        finally:
            platform.router.readable = True

    platform.router.sessions = unreadable  # type: ignore[method-assign, assignment]
    await platform.sleep(10 * MINUTE)
    assert await platform.status(1) == "ready"
    platform.router.sessions = readable  # type: ignore[method-assign]
    await platform.quiet()
    assert await platform.status(1) == "asleep"


async def test_after_the_deadline_even_people_are_not_waited_for(platform: Platform) -> None:
    await platform.deploy()
    old = await platform.instance(1)
    platform.people(old, 1)
    await platform.deploy()
    await platform.sleep(platform.parts.settings.drain_deadline + MINUTE)
    await platform.sleep(platform.parts.settings.drain_deadline + MINUTE)
    assert old.name not in await platform.running()


async def test_a_session_that_begins_while_a_round_looks_is_not_cut(platform: Platform) -> None:
    await platform.deploy()
    old = await platform.instance(1)
    await platform.deploy()
    await platform.sleep(MINUTE)
    assert old.name in await platform.running()
    count, asked = platform.router.sessions, 0

    async def late() -> dict[object, int]:
        nonlocal asked
        asked += 1
        counted = await count()
        platform.people(old, 1)
        return counted  # type: ignore[return-value]

    platform.router.sessions = late  # type: ignore[method-assign, assignment]
    platform.clock.advance(MINUTE)
    await platform.reconcile()
    assert asked == 2
    assert old.name in await platform.running()


async def test_an_instance_that_just_began_to_drain_settles_first(platform: Platform) -> None:
    await platform.deploy()
    await platform.deploy()
    platform.clock.advance(MINUTE)
    await platform.reconcile()
    assert await platform.status(1) == "asleep"
    assert [row.state for row in await platform.live(1)] == ["draining"]


async def test_containers_that_nobody_knows_are_removed(platform: Platform) -> None:
    await platform.deploy()
    row = await platform.instance(1)
    async with platform.parts.store.write() as tx:
        row.state, row.slot, row.server, row.address = "ended", None, None, None
        await tx.merge(row)
    await platform.quiet()
    assert row.name not in await platform.running()
    assert len(await platform.running()) == 1


async def test_an_engine_that_is_away_changes_nothing(platform: Platform) -> None:
    await platform.deploy()
    before = await platform.history()
    platform.runtime.fail_next()
    with pytest.raises(RuntimeUnavailable):
        await platform.reconcile()
    await platform.quiet()
    assert await platform.history() == before


async def test_instances_of_a_job_in_progress_are_left_alone(long_start: Platform) -> None:
    platform = long_start
    platform.runtime.status = None
    number = await platform.push()
    async with platform.worker():
        await platform.until(platform.running)
        for _ in range(3):
            await platform.reconcile()
        assert [row.state for row in await platform.live(number)] == ["starting"]
        platform.runtime.status = 200
        await platform.until_status(number, "ready")


async def test_many_pushes_leave_few_containers(platform: Platform) -> None:
    for count in range(8):
        await platform.deploy()
        if count % 3 == 2:
            await platform.sleep(MINUTE)
    await platform.sleep(MINUTE)
    await platform.sleep(MINUTE)
    assert len(await platform.running()) == 1


async def test_restart_makes_fresh_instances_of_the_same_image(platform: Platform) -> None:
    await platform.deploy()
    old = await platform.instance(1)
    await platform.finished(await request_restart(platform.parts, ANNA, APP, 1))
    fresh = await platform.instance(1)
    assert fresh.id != old.id
    assert fresh.spec_hash == old.spec_hash
    await platform.sleep(MINUTE)
    assert await platform.running() == [fresh.name]


async def test_the_log_survives_the_container(platform: Platform) -> None:
    await platform.deploy()
    row = await platform.instance(1)
    platform.runtime.say(row.name, "stderr", "Error in plot(x): object 'x' not found")
    platform.runtime.crash(row.name, 1)
    await platform.quiet()
    from_file = platform.parts.logs.run(APP, 1, f"{Scope.sandbox}-{row.id}").read_text()
    assert "object 'x' not found" in from_file
