"""The first request wakes what sleeps; all others wait with it."""

import asyncio

import pytest
from tests.server.cast import ANNA, APP, HELLO
from tests.server.documents import REPORT, Pages
from tests.server.platform import Platform

from sandbox_server.domain.instance import Scope
from sandbox_server.errors import RuntimeUnavailable
from sandbox_server.operations import variables
from sandbox_server.operations.wake import look_up, opened, until_open, wake
from sandbox_server.visitor.base import Outcome, Visit
from sandbox_server.wire import VariablesSet

pytestmark = pytest.mark.anyio

HOST = f"d1--{APP}.apps.localhost:8080"
BRANCH = f"main--{APP}.apps.localhost"
CLOSED = Visit(Outcome.failed, 1, "The session closed.")


async def asleep(platform: Platform, *branches: str) -> None:
    """A deployment of each branch, asleep."""
    for branch in branches or ("main",):
        await platform.deploy(branch)
    await platform.sleep(1000)
    await platform.sleep(60)
    assert await platform.running() == []


async def test_it_works(platform: Platform) -> None:
    await asleep(platform)
    assert (await look_up(platform.parts, HOST)).kind == "asleep"
    assert opened(platform.parts, HOST) is None
    state = await wake(platform.parts, HOST)
    assert state.kind == "starting"
    await platform.work()
    assert (await platform.status(1), platform.permalink_shows(1)) == ("ready", "d1")
    assert platform.sandbox_shows() == "d1"
    assert opened(platform.parts, HOST) == opened(platform.parts, BRANCH.upper()) is not None
    assert "wake" in (await platform.row(1)).seconds


async def test_two_hundred_at_once_wake_it_once(platform: Platform) -> None:
    await asleep(platform)
    async with platform.worker():
        waits = [wait(platform, HOST if count % 2 else BRANCH) for count in range(200)]
        assert await asyncio.gather(*waits) == [None] * 200
    assert len([job for job in await platform.jobs() if job.kind == "wake"]) == 1
    assert len(await platform.running()) == 1


async def wait(platform: Platform, host: str) -> object:
    await wake(platform.parts, host)
    return await until_open(platform.parts, host, 20)


async def test_no_browser_is_in_the_way(platform: Platform) -> None:
    await asleep(platform)
    before = len(platform.visitor.visited)
    await wake(platform.parts, HOST)
    await platform.work()
    assert len(platform.visitor.visited) == before
    assert (await platform.instance(1)).visited


async def test_what_has_other_variables_than_before_is_visited(platform: Platform) -> None:
    await asleep(platform)
    asked = VariablesSet(variables={"A": "1"})
    await variables.set_variables(platform.parts, ANNA, APP, asked)
    before = len(platform.visitor.visited)
    await wake(platform.parts, HOST)
    await platform.work()
    assert await platform.status(1) == "ready"
    assert len(platform.visitor.visited) == before + 1


async def test_a_documents_output_is_the_same_after_the_sleep(platform: Platform) -> None:
    pages = Pages(platform)
    await platform.deploy(files=REPORT)
    before = await pages.shown(1)
    await platform.sleep(1000)
    await platform.sleep(60)
    await wake(platform.parts, HOST)
    await platform.work()
    assert await pages.shown(1) == before


async def test_one_that_just_began_to_leave_comes_back(platform: Platform) -> None:
    await platform.deploy()
    before = await platform.instance(1)
    platform.clock.advance(1000)
    await platform.reconcile()
    assert [row.state for row in await platform.live(1)] == ["draining"]
    await wake(platform.parts, HOST)
    await platform.work()
    assert (await platform.instance(1)).id == before.id


async def test_one_that_does_not_start_says_so_and_is_tried_again_after_a_while(platform: Platform) -> None:
    await asleep(platform)
    platform.runtime.status = None
    await wake(platform.parts, HOST)
    await platform.work()
    assert await platform.status(1) == "asleep"
    state = await look_up(platform.parts, HOST)
    assert state.kind == "failed"
    assert (await wake(platform.parts, HOST)).kind == "failed", "not at once"
    platform.clock.advance(61)
    platform.parts.behind.clear()
    platform.runtime.status = 200
    assert (await wake(platform.parts, HOST)).kind == "starting"
    await platform.work()
    assert await platform.status(1) == "ready"


async def test_who_asks_for_it_gets_another_try_at_once(platform: Platform) -> None:
    await asleep(platform)
    platform.runtime.status = None
    await wake(platform.parts, HOST)
    await platform.work()
    platform.runtime.status = 200
    assert (await wake(platform.parts, HOST, again=True)).kind == "starting"
    await platform.work()
    assert platform.permalink_shows(1) == "d1"


async def test_an_engine_that_is_away_for_a_moment_is_waited_for(platform: Platform) -> None:
    await asleep(platform)
    platform.runtime.fail_next(RuntimeUnavailable("The engine does not answer."))
    await wake(platform.parts, HOST)
    await platform.work()
    platform.clock.advance(5)
    await platform.work()
    assert platform.permalink_shows(1) == "d1"


async def test_a_queue_has_places(platform: Platform) -> None:
    names = [f"b{number}" for number in range(5)]
    await asleep(platform, *names)
    for name in names:
        await wake(platform.parts, f"{name}--{APP}.apps.localhost")
    places = [(await look_up(platform.parts, f"{name}--{APP}.apps.localhost")).ahead for name in names]
    assert places == [0, 1, 2, 3, 4]
    await platform.work()
    assert {await platform.status(number) for number in range(1, 6)} == {"ready"}


async def test_its_usual_time_is_known(platform: Platform) -> None:
    await asleep(platform)
    assert (await look_up(platform.parts, HOST)).usual is not None


async def test_whoever_waits_too_long_is_told_what_it_is(long_start: Platform) -> None:
    platform = long_start
    await asleep(platform)
    platform.runtime.status = None
    async with platform.worker():
        await wake(platform.parts, HOST)
        state = await until_open(platform.parts, HOST, 0.3)
        assert state is not None
        assert state.kind == "starting"
        platform.runtime.status = 200
        assert await until_open(platform.parts, HOST, 20) is None


async def test_a_stranger_wakes_what_sleeps_but_not_what_failed(platform: Platform) -> None:
    platform.visitor.outcomes["http://d1--"] = CLOSED
    await platform.deploy()
    assert (await wake(platform.parts, HOST, again=True)).kind == "failed"
    assert await platform.status(1) == "failed"


async def test_a_released_one_that_crashed_is_waited_for_and_not_woken_twice(platform: Platform) -> None:
    await platform.deploy()
    await platform.promote(1)
    row = await platform.instance(1, Scope.release)
    platform.runtime.crash(row.name)
    await platform.reconcile()
    assert (await wake(platform.parts, f"{APP}.apps.localhost")).kind == "starting"
    await platform.quiet()
    assert opened(platform.parts, f"{APP}.apps.localhost")


async def test_hosts_that_are_nobodys_are_unknown_and_not_remembered(platform: Platform) -> None:
    await platform.deploy(files=HELLO)
    kinds = {
        host: (await look_up(platform.parts, host)).kind
        for host in (
            "other.apps.localhost", f"d9--{APP}.apps.localhost", f"{APP}.evil.test", f"{APP}.apps.localhost"
        )
    }  # fmt: skip
    assert list(kinds.values()) == ["unknown", "unknown", "unknown", "nothing"]
    assert list(platform.parts.behind) == [f"{APP}.apps.localhost"]
