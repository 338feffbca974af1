"""The pool: containers that wait with a library loaded, and how pushes get them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.server.cast import ANNA, APP, HELLO
from tests.server.platform import Platform, open_platform

from sandbox_server import wire
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.waiting import MEMORY
from sandbox_server.errors import RuntimeUnavailable, StartFailed
from sandbox_server.operations import claim, pool, variables
from sandbox_server.operations.parts import Pool
from sandbox_server.operations.restart import request_restart
from sandbox_server.store import jobs, warm
from sandbox_server.store.tables import Instance, Warm

pytestmark = pytest.mark.anyio

DAY = 24 * 3600


@pytest.fixture
async def platform(tmp_path: Path, empty_database: Path) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path, empty_database, warm=1) as opened:
        yield opened


async def rows(platform: Platform) -> list[Warm]:
    async with platform.parts.store.read() as tx:
        return await warm.every(tx)


async def fill(platform: Platform) -> None:
    """Rounds of the pool until nothing is left to do."""
    for _ in range(20):
        await pool.keep(platform.parts)
    await platform.quiet()


async def filled(platform: Platform) -> list[Warm]:
    await fill(platform)
    return await rows(platform)


async def set_variable(platform: Platform, name: str, value: str) -> None:
    request = wire.VariablesSet(variables={name: value})
    await variables.set_variables(platform.parts, ANNA, APP, request)


def claimed(platform: Platform, row: Instance) -> bool:
    return bool(platform.runtime.code(row.name))


def changed(text: str, **more: str) -> dict[str, str]:
    """The same app, with other words in it."""
    return {**HELLO, "app.R": HELLO["app.R"].replace("hello", text), **more}


async def test_after_a_push_one_waits_with_its_library(platform: Platform) -> None:
    await platform.deploy()
    [row] = await filled(platform)

    spec = platform.runtime.spec(row.name)
    assert (row.state, row.packages) == ("ready", ["shiny"])
    assert spec.environment["SANDBOX_PACKAGES"] == "shiny"
    assert (spec.waits, spec.memory) == (MEMORY, platform.parts.settings.memory)
    assert row.library == (await platform.row(1)).library
    assert not [name for name in await platform.running() if name == row.name][1:]


async def test_a_changed_app_claims_it_and_another_one_takes_its_place(platform: Platform) -> None:
    await platform.deploy()
    [before] = await filled(platform)

    number = await platform.deploy(files=changed("another"))

    instance = await platform.instance(number)
    assert claimed(platform, instance)
    assert b"another" in platform.runtime.code(instance.name)
    assert instance.address == before.address
    assert platform.sandbox_shows() == f"d{number}"
    [after] = await filled(platform)
    assert (after.state, after.address == before.address) == ("ready", False)


async def test_it_is_recorded_as_a_cold_start_is(platform: Platform) -> None:
    await platform.deploy()
    await fill(platform)
    number = await platform.deploy(files=changed("another"))
    deployment, instance = await platform.row(number), await platform.instance(number)
    assert deployment.image in {image.id for image in await platform.builder.images()}

    again = await platform.finished(await request_restart(platform.parts, ANNA, APP, number))

    assert again.status == "done"
    fresh = await platform.instance(number)
    assert not claimed(platform, fresh)
    assert platform.runtime.spec(fresh.name).image == deployment.image
    assert fresh.spec_hash == instance.spec_hash


async def test_its_variables_are_those_of_a_cold_start(platform: Platform) -> None:
    await platform.deploy()
    await set_variable(platform, "COLOUR", "green")
    await platform.quiet()
    cold = dict(await platform.environment(1))
    await fill(platform)

    number = await platform.deploy(files=changed("another"))

    assert claimed(platform, await platform.instance(number))
    warm_one = dict(await platform.environment(number))
    own = {"SANDBOX_DEPLOYMENT", "SANDBOX_WORKER", "SANDBOX_SECRET"}
    assert {name: warm_one[name] for name in warm_one.keys() - own} == {
        name: cold[name] for name in cold.keys() - own
    }
    assert warm_one.keys() == cold.keys()
    assert b'"COLOUR": "green"' in platform.runtime.code((await platform.instance(number)).name)


async def test_a_promote_claims_one_too(platform: Platform) -> None:
    await platform.deploy()
    await fill(platform)
    await platform.promote(1)
    assert claimed(platform, await platform.instance(1, Scope.release))


@pytest.mark.parametrize(
    "files",
    [
        changed("a", **{".Rprofile": "options(digits = 3)\n"}),
        changed("b", DESCRIPTION="Package: mine\nVersion: 1\n", **{"R/mine.R": "x <- 1\n"}),
        {"app.R": f".libPaths('here')\n{HELLO['app.R']}"},
        {"app.R": HELLO["app.R"], "data.csv": "x" * (9 * 1024 * 1024)},
        changed("c", **{"sandbox.toml": 'memory = "300MiB"\n'}),
        {"index.html": "<p>hello"},
    ],
    ids=["profile", "package", "libraries", "large", "memory", "static"],
)
async def test_what_needs_a_process_of_its_own_starts_cold(platform: Platform, files: dict[str, str]) -> None:
    await platform.deploy()
    await fill(platform)
    number = await platform.deploy("other", files=files)
    assert not claimed(platform, await platform.instance(number))
    assert len(await filled(platform)) in (1, 2)


async def test_a_profile_that_only_starts_renv_is_none(platform: Platform) -> None:
    await platform.deploy()
    await fill(platform)
    number = await platform.deploy(files=changed("a", **{".Rprofile": 'source("renv/activate.R")\n'}))
    assert claimed(platform, await platform.instance(number))


@pytest.mark.parametrize("name", ["R_LIBS", "SHINY_LOG_LEVEL", "LC_ALL", "R_MAX_VSIZE", "OMP_NUM_THREADS"])
async def test_variables_that_r_reads_when_it_starts_make_it_start_cold(
    platform: Platform, name: str
) -> None:
    await platform.deploy()
    await fill(platform)
    await set_variable(platform, name, "x")
    await platform.quiet()
    number = await platform.deploy(files=changed("another"))
    assert not claimed(platform, await platform.instance(number))


async def test_an_app_finds_nothing_loaded_that_it_does_not_ask_for(platform: Platform) -> None:
    await platform.deploy(files=changed("plots", **{"more.R": "library(ggplot2)\n"}))
    [row] = await filled(platform)
    assert row.packages == ["ggplot2", "shiny"]

    less = await platform.deploy("less", files=changed("nothing more"))
    assert not claimed(platform, await platform.instance(less))

    await fill(platform)
    more = await platform.deploy(
        "more", files=changed("more", **{"more.R": "library(ggplot2)\nlibrary(bslib)\n"})
    )
    assert claimed(platform, await platform.instance(more))


async def test_if_the_claim_fails_it_starts_cold(platform: Platform) -> None:
    await platform.deploy()
    [row] = await filled(platform)
    platform.runtime.crash(row.name)

    number = await platform.deploy(files=changed("another"))

    assert await platform.status(number) == "ready"
    assert not claimed(platform, await platform.instance(number))
    assert row.name not in await platform.running()
    assert row.name not in {left.name for left in await rows(platform)}


async def test_what_ends_in_a_claimed_one_is_tried_cold_before_it_is_said_to_fail(platform: Platform) -> None:
    await platform.deploy()
    await fill(platform)
    claim = platform.runtime.claim

    async def claim_and_end(name: str, spec: object, code: bytes) -> None:
        await claim(name, spec, code)  # type: ignore[arg-type]
        platform.runtime.crash(spec.name)  # type: ignore[attr-defined]

    platform.runtime.claim = claim_and_end  # type: ignore[method-assign,assignment]
    number = await platform.deploy(files=changed("another"))

    assert await platform.status(number) == "ready"
    assert not claimed(platform, await platform.instance(number))


async def test_after_a_crash_it_starts_from_its_image(platform: Platform) -> None:
    await platform.deploy()
    await fill(platform)
    number = await platform.deploy(files=changed("another"))
    await fill(platform)
    platform.runtime.crash((await platform.instance(number)).name)

    await platform.quiet()

    fresh = await platform.instance(number)
    assert not claimed(platform, fresh)
    assert platform.runtime.spec(fresh.name).image == (await platform.row(number)).image


async def test_nothing_is_added_while_somebody_waits(platform: Platform) -> None:
    await platform.deploy()
    await platform.push(files=changed("waits"))
    assert await filled_without_work(platform) == []
    await platform.quiet()
    assert len(await filled(platform)) == 1


@pytest.mark.parametrize("kind", ["wake", "start"])
async def test_nothing_is_added_while_something_wakes_up(platform: Platform, kind: str) -> None:
    await platform.deploy()
    async with platform.parts.store.write() as tx:
        await jobs.add(tx, kind, "deployment:99", {}, by="platform", now=platform.clock())
    assert await filled_without_work(platform) == []
    async with platform.parts.store.write() as tx:
        await jobs.cancel(tx, "deployment:99", platform.clock(), {})
    assert len(await filled(platform)) == 1


async def filled_without_work(platform: Platform) -> list[Warm]:
    for _ in range(5):
        await pool.keep(platform.parts)
    return await rows(platform)


async def test_one_at_a_time_is_started(tmp_path: Path, empty_database: Path) -> None:
    async with open_platform(tmp_path, empty_database, warm=3) as platform:
        await platform.deploy()
        await pool.keep(platform.parts)
        [first] = await rows(platform)
        platform.runtime.loading.add(first.name)
        await filled_without_work(platform)
        assert [row.state for row in await rows(platform)] == ["starting"]
        platform.runtime.loading.clear()
        assert [row.state for row in await filled(platform)] == ["ready"] * 3


@pytest.mark.parametrize("bound", [{"warm_total": 2}, {"warm_memory": 2 * MEMORY}])
async def test_there_are_never_more_than_the_bounds(
    tmp_path: Path, empty_database: Path, bound: dict[str, int]
) -> None:
    async with open_platform(tmp_path, empty_database, warm=5, **bound) as platform:
        await platform.deploy()
        assert len(await filled(platform)) == 2


async def test_they_go_when_the_library_is_not_in_use_any_more(platform: Platform) -> None:
    await platform.deploy()
    [row] = await filled(platform)
    await platform.sleep(DAY + 1)
    assert await filled(platform) == []
    assert row.name not in await platform.running()


async def test_a_changed_library_replaces_what_waits(platform: Platform) -> None:
    await platform.deploy()
    [before] = await filled(platform)
    platform.builder.runner = "2"
    platform.parts.pool = Pool()  # as after an upgrade
    [after] = await filled(platform)
    assert (after.image == before.image, after.library == before.library) == (False, True)


async def test_what_does_not_load_is_left_alone_for_a_while(platform: Platform) -> None:
    await platform.deploy()
    await pool.keep(platform.parts)
    [row] = await rows(platform)
    platform.runtime.loading.add(row.name)
    platform.runtime.crash(row.name, 137, out_of_memory=True)
    platform.runtime.loading.clear()
    assert await filled(platform) == []
    number = await platform.deploy(files=changed("another"))
    assert await platform.status(number) == "ready"
    ahead = platform.parts.pool.ahead
    ahead.add((await platform.instance(number)).id or 0)
    platform.parts.pool.not_before = dict.fromkeys(platform.parts.pool.not_before, 0.0)
    assert len(await filled(platform)) == 1
    assert (ahead, platform.parts.pool.not_before) == (set(), {})


async def test_a_stop_takes_them_away(platform: Platform) -> None:
    await platform.deploy()
    [row] = await filled(platform)
    await pool.empty(platform.parts)
    assert await rows(platform) == []
    assert row.name not in await platform.running()


async def test_the_control_loop_leaves_them_alone_and_removes_lost_ones(platform: Platform) -> None:
    await platform.deploy()
    [row] = await filled(platform)
    await platform.reconcile()
    assert row.name in await platform.running()
    async with platform.parts.store.write() as tx:
        await warm.forget(tx, row)
    await platform.reconcile()
    assert row.name not in await platform.running()


async def test_a_claim_that_a_kill_interrupted_is_tidied_and_told_again(platform: Platform) -> None:
    await platform.deploy()
    [row] = await filled(platform)
    number = await platform.push(files=changed("another"))
    async with platform.parts.store.write() as tx:
        await warm.move(tx, row, "claimed")

    await platform.quiet()
    left = await filled(platform)

    assert await platform.status(number) == "ready"
    assert row.name not in {one.name for one in left}
    assert row.name not in await platform.running()


async def test_addresses_are_never_given_twice(platform: Platform) -> None:
    await platform.deploy()
    await fill(platform)
    for count in range(8):
        await platform.deploy(f"branch-{count}", files=changed(f"app {count}"))
        await fill(platform)
    held = [row.address for row in await platform.live()] + [row.address for row in await rows(platform)]
    assert len(held) == len(set(held)) == 10


async def test_no_push_fails_because_the_engine_does_not_answer_a_claim(platform: Platform) -> None:
    await platform.deploy()
    await fill(platform)

    async def refuse(name: str, spec: object, code: bytes) -> None:
        raise RuntimeUnavailable("The engine refused.")

    platform.runtime.claim = refuse  # type: ignore[method-assign,assignment]
    number = await platform.deploy(files=changed("another"))
    assert await platform.status(number) == "ready"


async def test_an_app_that_fails_anywhere_fails_with_its_own_words(platform: Platform) -> None:
    await platform.deploy()
    await fill(platform)
    platform.runtime.status = None
    number = await platform.deploy(files=changed("another"))
    assert await platform.status(number) == "failed"
    error = (await platform.row(number)).error
    assert error["code"] == StartFailed("").code


async def test_a_kill_before_its_container_was_made_is_no_reason_to_leave_it_out(platform: Platform) -> None:
    await platform.deploy()
    [row] = await filled(platform)
    await platform.runtime.remove(row.name)
    async with platform.parts.store.write() as tx:
        await warm.move(tx, row, "starting")

    [after] = await filled(platform)

    assert (after.state, after.name == row.name) == ("ready", False)


async def test_a_claimed_one_that_serves_by_now_is_not_replaced(platform: Platform) -> None:
    await platform.deploy()
    await filled(platform)
    number = await platform.deploy(files=changed("another"))
    serving = await platform.instance(number)
    assert claimed(platform, serving)
    wanted = replace(platform.runtime.spec(serving.name), spec_hash=serving.spec_hash)
    serving.state = InstanceState.starting  # as whoever looked a moment ago saw it
    await claim.start(platform.parts, serving, wanted)
    assert claimed(platform, serving)
