"""What goes down: told, replaced, and if it happens again and again, held back and shown."""

import asyncio

import pytest
from sqlmodel import select
from tests.server.cast import APP, HELLO
from tests.server.platform import Platform

from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.jobs import keep_in_step
from sandbox_server.operations.crash import settle_notices
from sandbox_server.store import events, notices
from sandbox_server.store.tables_seen import Metric, Notice

pytestmark = pytest.mark.anyio

MINUTE = 60.0


async def told(platform: Platform) -> list[Notice]:
    async with platform.parts.store.read() as tx:
        return await notices.open_ones(tx)


async def crash(platform: Platform, number: int = 1, *, out_of_memory: bool = False) -> None:
    row = [row for row in await platform.live(number) if row.state == InstanceState.up][-1]
    platform.runtime.crash(row.name, 137 if out_of_memory else 1, out_of_memory)
    await platform.quiet()


async def test_it_works(platform: Platform) -> None:
    await platform.deploy()
    before = await platform.instance(1)
    await crash(platform, out_of_memory=True)
    assert (await platform.instance(1)).id != before.id
    async with platform.parts.store.read() as tx:
        [event] = [one for one in await events.recent(tx) if one.action == "instance.crashed"]
    assert "ran out of memory, limit 1 GiB" in event.reason
    assert await told(platform) == []


async def test_a_loop_is_shown_with_its_next_start_and_told_once(platform: Platform) -> None:
    await platform.deploy()
    for _ in range(4):
        await crash(platform)
        if not [row for row in await platform.live(1) if row.state == InstanceState.up]:
            words = (await platform.show(1)).phase
            await platform.sleep(9)
    assert words == "crashed 4 times in 10 minutes, starts again in 8 s"
    [notice] = await told(platform)
    assert notice.key == "crash d1 sandbox"
    assert "crashed 3 times in 10 minutes (sandbox scope)." in notice.text
    assert f"sandbox logs d1 --app {APP}" in notice.hint
    assert (await platform.instance(1)).state == InstanceState.up
    await platform.sleep(11 * MINUTE)
    await settle_notices(platform.parts)
    assert await told(platform) == []


async def test_each_of_several_instances_may_crash_once_without_a_wait(platform: Platform) -> None:
    await platform.deploy(files={**HELLO, "sandbox.toml": "[instances]\nmin = 3\nmax = 3\n"})
    await platform.promote(1)
    before = {row.id for row in await platform.live(1, Scope.release)}
    for row in await platform.live(1, Scope.release):
        platform.runtime.crash(row.name)
    await platform.quiet()
    now = await platform.live(1, Scope.release)
    assert [row.state for row in now] == ["up"] * 3
    assert not before & {row.id for row in now}
    assert platform.users_get() == "d1"


async def test_what_does_not_come_up_is_tried_ever_more_slowly(platform: Platform) -> None:
    await platform.deploy()
    platform.runtime.status = None
    await crash(platform)
    for _ in range(20):
        await platform.sleep(3)
    tries = len([job for job in await platform.jobs() if job.kind == "start"])
    assert 3 <= tries <= 6
    assert "did not start" in (await platform.show(1)).phase
    platform.runtime.status = 200
    await platform.sleep(6 * MINUTE)
    assert (await platform.show(1)).phase == ""


async def test_a_clock_that_was_put_back_keeps_nobody_waiting(platform: Platform) -> None:
    await platform.deploy()
    for _ in range(2):
        await crash(platform)
    platform.clock.jump(-86400)
    await platform.quiet()
    assert (await platform.instance(1)).state == InstanceState.up


async def test_a_death_is_heard_at_once(platform: Platform) -> None:
    platform.parts.settings.reconcile_every = 3600
    await platform.deploy()
    gone = await platform.instance(1)

    async def another() -> bool:
        up = [row for row in await platform.live(1) if row.state == InstanceState.up]
        return bool(up) and up[-1].id != gone.id

    async with platform.worker():
        step = asyncio.create_task(keep_in_step(platform.parts))
        try:
            await asyncio.sleep(0.2)
            platform.runtime.crash(gone.name)
            platform.parts.deaths.ring()
            await platform.until(another)
        finally:
            step.cancel()
            await asyncio.gather(step, return_exceptions=True)


async def test_the_engine_tells_of_deaths(platform: Platform) -> None:
    await platform.deploy()
    row = await platform.instance(1)
    heard = platform.runtime.deaths()
    waiting = asyncio.ensure_future(anext(heard))
    await asyncio.sleep(0)
    platform.runtime.crash(row.name)
    assert await waiting == row.name
    await heard.aclose()


async def test_an_engine_that_starts_anew_is_no_apps_crash(platform: Platform) -> None:
    await platform.deploy(files={**HELLO, "sandbox.toml": "[instances]\nmin = 2\n"})
    await platform.promote(1)
    for exit_code in (137, 255, 143, 137):
        for row in await platform.live():
            platform.runtime.crash(row.name, exit_code)
        await platform.quiet()
        assert [row.state for row in await platform.live(1, Scope.release)] == ["up"] * 2
    history = await platform.history()
    assert not any("instance.crashed" in line for line in history)
    assert any("instance.lost d1 release" in line for line in history)
    assert await told(platform) == []
    async with platform.parts.store.read() as tx:
        assert not any(row.counts.get("crashes") for row in await tx.exec(select(Metric)))


async def test_what_ends_by_itself_has_crashed_even_if_nothing_else_runs(platform: Platform) -> None:
    await platform.deploy()
    await platform.promote(1)
    for row in await platform.live():
        platform.runtime.crash(row.name)
    await platform.quiet()
    assert len([line for line in await platform.history() if "instance.crashed" in line]) == 2
