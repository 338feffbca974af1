"""As many instances as their sessions need."""

import asyncio
from datetime import timedelta

import pytest
from tests.server.cast import ANNA, APP, HELLO
from tests.server.platform import Platform

from sandbox_server import wire
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.errors import BadConfig
from sandbox_server.operations import promote
from sandbox_server.operations.instances import settle_notices
from sandbox_server.operations.restart import request_restart
from sandbox_server.operations.start import bring_up
from sandbox_server.runtime import Room
from sandbox_server.store import jobs, notices
from sandbox_server.store.tables import Deployment, Instance

pytestmark = pytest.mark.anyio

GIB = 1024**3
MINUTE = 60.0


def said(text: str) -> dict[str, str]:
    return {**HELLO, "sandbox.toml": text}


FOUR_OF_TEN = said("[instances]\nmax = 4\nsessions_per_instance = 10\n")


async def released(platform: Platform, files: dict[str, str] = FOUR_OF_TEN) -> Instance:
    """The only instance of a release."""
    await platform.deploy(files=files)
    await platform.promote(1)
    return await platform.instance(1, Scope.release)


async def up(platform: Platform, number: int = 1, scope: Scope = Scope.release) -> list[Instance]:
    return [row for row in await platform.live(number, scope) if row.state == InstanceState.up]


async def test_it_works(platform: Platform) -> None:
    first = await released(platform)
    platform.people(first, 7)
    await platform.quiet()
    assert len(await up(platform)) == 1
    platform.people(first, 8)
    await platform.quiet()
    both = await up(platform)
    assert [row.slot for row in both] == [first.slot, first.slot]
    assert both[1].visited
    assert platform.users_get() == "d1"


async def test_a_crowd_gets_several_at_once_and_never_more_than_the_most(platform: Platform) -> None:
    first = await released(platform)
    platform.people(first, 25)
    await platform.reconcile()
    assert len(await platform.live(1, Scope.release)) == 4
    platform.people(first, 900)
    await platform.quiet()
    assert len(await up(platform)) == 4


async def test_it_shrinks_only_after_a_while_and_by_draining_the_emptiest(platform: Platform) -> None:
    first = await released(platform)
    platform.people(first, 8)
    await platform.quiet()
    second = (await up(platform))[1]
    platform.people(first, 3)
    platform.people(second, 1)
    await platform.quiet()
    await platform.sleep(platform.parts.settings.shrink_after - MINUTE)
    assert len(await up(platform)) == 2
    await platform.sleep(2 * MINUTE)
    assert [row.id for row in await up(platform)] == [first.id]
    await platform.sleep(10 * MINUTE)
    assert second.name in await platform.running()
    platform.people(second, 0)
    await platform.quiet()
    assert second.name not in await platform.running()


async def test_calm_that_is_broken_begins_anew(platform: Platform) -> None:
    first = await released(platform)
    platform.people(first, 8)
    await platform.quiet()
    for sessions in (1, 6, 1):
        platform.people(first, sessions)
        await platform.sleep(4 * MINUTE)
    assert len(await up(platform)) == 2


async def test_what_drains_comes_back_before_another_one_starts(platform: Platform) -> None:
    first = await released(platform)
    platform.people(first, 8)
    await platform.quiet()
    second = (await up(platform))[1]
    platform.people(second, 1)
    platform.people(first, 2)
    await platform.quiet()
    await platform.sleep(6 * MINUTE)
    assert len(await up(platform)) == 1
    platform.people(first, 9)
    await platform.quiet()
    assert [row.id for row in await up(platform)] == [first.id, second.id]


async def test_the_least_always_run_and_each_scope_has_its_own(platform: Platform) -> None:
    await platform.deploy(
        files=said(
            '[instances]\nmin = 2\nmemory = "2GiB"\n[instances.sandbox]\nmemory = "256MiB"\ncpu = 0.5\n'
        )
    )
    await platform.promote(1)
    assert (len(await up(platform)), len(await up(platform, scope=Scope.sandbox))) == (2, 1)
    released_spec = platform.runtime.spec((await platform.instance(1, Scope.release)).name)
    tried = platform.runtime.spec((await platform.instance(1)).name)
    assert (released_spec.memory, tried.memory) == (2 * GIB, GIB // 4)
    assert (released_spec.cpus, tried.cpus) == (1.0, 0.5)


async def test_a_kept_release_has_one_instance(platform: Platform) -> None:
    first = await released(platform)
    platform.people(first, 9)
    await platform.quiet()
    second = (await up(platform))[1]
    platform.people(second, 1)
    await platform.deploy(files={**FOUR_OF_TEN, "new.R": ""})
    await platform.promote(2)
    assert [row.id for row in await up(platform)] == [first.id]
    assert second.name in await platform.running()
    await platform.rollback()
    assert [row.id for row in await up(platform)] == [first.id, second.id]


async def test_a_crash_touches_none_of_the_others(platform: Platform) -> None:
    first = await released(platform, said("[instances]\nmin = 3\n"))
    gone, other = (await up(platform))[1:]
    platform.runtime.crash(gone.name, 137, out_of_memory=True)
    await platform.quiet()
    now = [row.id for row in await up(platform)]
    assert len(now) == 3
    assert {first.id, other.id} < set(now)
    assert gone.id not in now


async def test_an_instance_starts_while_a_switch_of_its_app_is_under_way(long_start: Platform) -> None:
    platform = long_start
    first = await released(platform)
    await platform.deploy(files={**FOUR_OF_TEN, "new.R": ""})
    platform.runtime.status = None
    platform.runtime.answer(first.name, 200)
    async with platform.worker():
        from_now_on = await platform.live()
        await promote.request_promote(platform.parts, ANNA, APP, wire.ReleaseRequest(deployment=2, seen=1))

        async def begun() -> bool:
            return len(await platform.live()) > len(from_now_on)

        await platform.until(begun)
        platform.people(first, 8)
        await platform.reconcile()
        more = (await platform.live(1, Scope.release))[1]

        async def runs() -> bool:
            return more.name in await platform.running()

        await platform.until(runs)
        platform.runtime.answer(more.name, 200)

        async def came() -> bool:
            return len(await up(platform)) == 2

        await platform.until(came)
        assert not await up(platform, 2)


async def test_a_start_that_a_kill_interrupts_goes_on_with_the_same_container(long_start: Platform) -> None:
    platform = long_start
    first = await released(platform)
    platform.people(first, 8)
    await platform.reconcile()
    [_, more] = await platform.live(1, Scope.release)
    platform.runtime.answer(more.name, None)

    async def runs() -> bool:
        return more.name in await platform.running()

    async with platform.worker():
        await platform.until(runs)
    await platform.reconcile()
    platform.runtime.answer(more.name, 200)
    platform.clock.advance(60)
    await platform.quiet()
    assert [row.id for row in await up(platform)] == [first.id, more.id]


async def test_a_restart_replaces_all_and_none_of_the_old_ones_comes_back(platform: Platform) -> None:
    await released(platform, said("[instances]\nmin = 2\n"))
    old = await up(platform)
    for row in old:
        platform.people(row, 1)
    await platform.finished(await request_restart(platform.parts, ANNA, APP, 1))
    now = await up(platform)
    assert len(now) == 2
    assert not {row.id for row in now} & {row.id for row in old}
    assert len({row.slot for row in now}) == 1
    assert {row.name for row in old} < set(await platform.running())


async def test_without_memory_none_starts_and_the_owner_hears_of_it(platform: Platform) -> None:
    first = await released(platform)
    platform.runtime.free = Room(total=8 * GIB, free=GIB // 4)
    platform.people(first, 9)
    await platform.quiet()
    assert len(await up(platform)) == 1
    async with platform.parts.store.read() as tx:
        [notice] = await notices.open_ones(tx)
    assert "only 256 MiB of memory free" in notice.text
    platform.runtime.free = Room(total=8 * GIB, free=6 * GIB)
    await platform.quiet()
    assert len(await up(platform)) == 2
    await settle_notices(platform.parts)
    async with platform.parts.store.read() as tx:
        assert not await notices.open_ones(tx)


async def test_impossible_numbers_are_refused_with_the_key(platform: Platform) -> None:
    for text, words in (
        ("[instances]\nmin = 3\nmax = 2\n", "`min` is 3 and `max` is 2"),
        ("[instances]\nmax = 9\n", "`instances` asks for 9 instances; this server gives 7 at most"),
        ("[instances.sandbox]\nmin = 8\n", "`instances.sandbox` asks for 8 instances"),
        ('[instances.sandbox]\nmemory = "99GiB"\n', "99 GiB of memory; this server gives 8 GiB at most"),
    ):
        with pytest.raises(BadConfig, match=words):
            await platform.push(files=said(text))


async def test_a_changed_setting_changes_nothing_of_what_was_reviewed(platform: Platform) -> None:
    await platform.deploy()
    before = (await platform.instance(1)).spec_hash
    platform.parts.settings.memory *= 2
    platform.parts.settings.cpus *= 2
    await platform.finished(await request_restart(platform.parts, ANNA, APP, 1))
    assert (await platform.instance(1)).spec_hash == before
    assert (await platform.row(1)).config["instances"]["max"] == 3
    assert (await platform.row(1)).config["instances"]["sandbox"]["max"] == 1


async def test_a_start_that_nobody_works_on_is_taken_back(platform: Platform) -> None:
    first = await released(platform)
    platform.people(first, 9)
    await platform.reconcile()
    row = (await platform.live(1, Scope.release))[1]
    async with platform.parts.store.write() as tx:
        for job in await platform.jobs():
            if job.kind == "start":
                job.status = "failed"
                await tx.merge(job)
    platform.people(first, 1)
    await platform.quiet()
    assert row.id not in [one.id for one in await platform.live(1)]


async def test_none_starts_for_a_job_that_waits_for_its_place(platform: Platform) -> None:
    first = await released(platform)
    platform.runtime.crash(first.name)
    payload = {
        "deployment": first.deployment_id, "scope": "release", "variables_at": first.variables_at, "kind": "revive",
    }  # fmt: skip
    async with platform.parts.store.write() as tx:
        later = platform.clock() + timedelta(minutes=1)
        await jobs.add(tx, "refresh", "app:1", payload, by="platform", now=later)
    await platform.reconcile()
    assert not [job for job in await platform.jobs() if job.kind == "start"]
    await platform.sleep(2 * MINUTE)
    assert len(await up(platform)) == 1
    assert not [job for job in await platform.jobs() if job.kind == "start"]


async def test_one_that_a_job_is_to_start_is_nobody_elses(platform: Platform) -> None:
    first = await released(platform)
    platform.runtime.crash(first.name)
    await platform.reconcile()
    [promised] = await platform.live(1, Scope.release)
    assert promised.state == InstanceState.starting
    other = await bring_up(
        platform.parts, first.deployment_id, Scope.release, variables_at=first.variables_at
    )
    assert other.id != promised.id


async def test_two_jobs_never_start_the_same_one(long_start: Platform) -> None:
    platform = long_start
    first = await released(platform)
    async with platform.parts.store.write() as tx:
        gone = await tx.get_one(Instance, first.id)
        gone.state = InstanceState.stopping
        tx.add(gone)
    platform.runtime.status = None
    starts = [
        asyncio.create_task(
            bring_up(platform.parts, first.deployment_id, Scope.release, variables_at=first.variables_at)
        )
        for _ in range(2)
    ]

    async def both_run() -> bool:
        coming = [row for row in await platform.live(1, Scope.release) if row.state == InstanceState.starting]
        return len(coming) == 2 and {row.name for row in coming} <= set(await platform.running())

    await platform.until(both_run)
    platform.runtime.status = 200
    one, other = await asyncio.gather(*starts)
    assert one.id != other.id


async def test_after_a_restart_nothing_has_found_room_before_that_was_looked_at(platform: Platform) -> None:
    first = await released(platform)
    platform.runtime.free = Room(total=8 * GIB, free=GIB // 4)
    platform.people(first, 9)
    await platform.quiet()
    platform.parts.cramped, platform.parts.has_looked_for_room = set(), False
    await settle_notices(platform.parts)
    async with platform.parts.store.read() as tx:
        assert len(await notices.open_ones(tx)) == 1
    await platform.quiet()
    await settle_notices(platform.parts)
    async with platform.parts.store.read() as tx:
        assert len(await notices.open_ones(tx)) == 1


async def test_what_is_not_wanted_any_more_needs_no_room(platform: Platform) -> None:
    await platform.deploy(files=said("[instances.sandbox]\nmax = 4\nsessions_per_instance = 10\n"))
    platform.runtime.free = Room(total=8 * GIB, free=GIB // 4)
    platform.people(await platform.instance(1), 9)
    await platform.quiet()
    assert platform.parts.cramped == {(1, "room d1 sandbox")}
    async with platform.parts.store.write() as tx:
        deployment = await tx.get_one(Deployment, 1)
        deployment.status = "asleep"
        tx.add(deployment)
    await platform.quiet()
    await settle_notices(platform.parts)
    async with platform.parts.store.read() as tx:
        assert not await notices.open_ones(tx)
