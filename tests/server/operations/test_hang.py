"""What accepts and never answers."""

import pytest
from tests.server.cast import APP, BEN, HELLO
from tests.server.platform import Platform
from tests.server.runner import Runner

from sandbox_server.domain.instance import InstanceState, Leaving, Scope
from sandbox_server.operations.drain import request_drain
from sandbox_server.operations.hang import look, settle_notices
from sandbox_server.operations.listen import listen
from sandbox_server.store import notices
from sandbox_server.store.tables import Instance
from sandbox_server.store.tables_seen import Notice
from sandbox_server.wire_sessions import DrainRequest

pytestmark = pytest.mark.anyio


async def hangs(platform: Platform, row: Instance, seconds: float = 100) -> Runner:
    """It has not answered anybody for so long."""
    platform.runtime.answer(row.name, None)
    runner = Runner(platform, row)
    runner.silent = True
    await listen(platform.parts)
    await look(platform.parts)
    heard = platform.parts.heard[row.name]
    assert heard.silent_since is not None
    heard.silent_since -= seconds
    await look(platform.parts)
    await platform.quiet()
    return runner


async def released(platform: Platform, text: str = "[instances]\nmax = 1\n") -> Instance:
    await platform.deploy(files={**HELLO, "sandbox.toml": text})
    await platform.promote(1)
    return await platform.instance(1, Scope.release)


async def state(platform: Platform, row: Instance) -> str:
    async with platform.parts.store.read() as tx:
        return str((await tx.get_one(Instance, row.id)).state)


async def told(platform: Platform) -> list[Notice]:
    async with platform.parts.store.read() as tx:
        return await notices.open_ones(tx)


async def up(platform: Platform) -> list[Instance]:
    return [row for row in await platform.live(1, Scope.release) if row.state == InstanceState.up]


async def test_it_works(platform: Platform) -> None:
    stuck = await released(platform)
    platform.people(stuck, 1)
    await hangs(platform, stuck)
    [fresh] = await up(platform)
    assert fresh.id != stuck.id
    assert stuck.name in await platform.running()
    assert any("instance.drained d1 release" in line for line in await platform.history())


async def test_a_short_silence_is_nothing(platform: Platform) -> None:
    row = await released(platform)
    await hangs(platform, row, seconds=30)
    assert await state(platform, row) == "up"


async def test_a_runner_that_knows_no_questions_does_not_hang(platform: Platform) -> None:
    row = await released(platform)
    Runner(platform, row).silent = True
    await listen(platform.parts)
    heard = platform.parts.heard[row.name]
    assert heard.silent_since is not None
    heard.silent_since -= 1000
    await look(platform.parts)
    assert await state(platform, row) == "up"


async def test_people_on_it_stay_and_it_comes_back_when_it_answers(platform: Platform) -> None:
    stuck = await released(platform)
    platform.people(stuck, 1)
    runner = await hangs(platform, stuck)
    await platform.sleep(3600)
    await look(platform.parts)
    assert await state(platform, stuck) == "draining"
    platform.runtime.answer(stuck.name, 200)
    runner.silent = False
    assert len(await told(platform)) == 1
    [notice] = await told(platform)
    assert f"`sandbox logs d1 --app {APP}`" in notice.hint
    await look(platform.parts)
    await platform.quiet()
    assert await state(platform, stuck) == "up"
    await settle_notices(platform.parts)
    assert await told(platform) == []


async def test_with_nobody_on_it_it_is_ended_as_a_crash(platform: Platform) -> None:
    stuck = await released(platform)
    await hangs(platform, stuck)
    await look(platform.parts)
    assert stuck.name in await platform.running()
    await platform.sleep(platform.parts.settings.hang_after + 1)
    await look(platform.parts)
    await platform.quiet()
    assert stuck.name not in await platform.running()
    assert any("instance.crashed d1 release" in line for line in await platform.history())
    assert len(await up(platform)) == 1


async def test_an_app_that_is_always_busy_has_one_instance_more_at_most(platform: Platform) -> None:
    await released(platform)
    for _ in range(3):
        [row] = await up(platform)
        platform.people(row, 1)
        await hangs(platform, row)
    live = await platform.live(1, Scope.release)
    assert [row.state for row in live] == ["draining", "up"]
    assert live[0].drains_why == Leaving.hung


async def test_what_has_no_runner_is_looked_at_only_while_somebody_waits_for_it(platform: Platform) -> None:
    await platform.deploy(files={"index.html": "<p>hello</p>"})
    row = await platform.instance(1)
    platform.runtime.answer(row.name, None)
    await look(platform.parts)
    assert row.name not in platform.parts.heard
    platform.people(row, 1)
    await platform.reconcile()
    await look(platform.parts)
    assert platform.parts.heard[row.name].silent_since is not None


async def test_what_stays_for_ever_without_an_answer_is_told_and_cuts_nobody(platform: Platform) -> None:
    stuck = await released(platform, 'drain = "never"\n')
    platform.people(stuck, 1)
    await platform.deploy(files={**HELLO, "sandbox.toml": 'drain = "never"\n', "new.R": ""})
    await platform.promote(2)
    await end_it(platform)
    assert await state(platform, stuck) == "draining"
    runner = await hangs(platform, stuck)
    platform.people(stuck, 0)
    await platform.sleep(3600)
    await look(platform.parts)
    [notice] = await told(platform)
    assert "d1 drains (release scope) and has not answered" in notice.text
    assert notice.hint == f"If nobody needs it: `sandbox drain d1 --app {APP} --scope release --now`."
    await settle_notices(platform.parts)
    assert len(await told(platform)) == 1
    platform.runtime.answer(stuck.name, 200)
    runner.silent = False
    await listen(platform.parts)
    await settle_notices(platform.parts)
    assert await told(platform) == []


async def end_it(platform: Platform) -> None:
    """Of the kept release: it goes with its last session."""
    await request_drain(platform.parts, BEN, APP, 1, DrainRequest(scope="release"))
