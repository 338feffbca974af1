"""What nobody uses sleeps; nothing is lost by it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.server.cast import ANNA, APP, HELLO
from tests.server.platform import Platform, open_platform

from sandbox_server.domain.edge import Server
from sandbox_server.domain.instance import Scope
from sandbox_server.operations import wake
from sandbox_server.operations.restart import request_restart
from sandbox_server.store import apps, deployments, jobs
from sandbox_server.store.tables import Branch, Instance

pytestmark = pytest.mark.anyio

AFTER = 900.0
MINUTE = 60.0
NAPS = {**HELLO, "sandbox.toml": "[sleep]\nrelease = true\n"}
HOST = f"{APP}.apps.localhost"


async def pass_time(platform: Platform, seconds: float = AFTER + MINUTE) -> None:
    """Long enough to fall asleep, and to leave."""
    await platform.sleep(seconds)
    await platform.sleep(MINUTE)


async def branch(platform: Platform, name: str = "main") -> Branch:
    async with platform.parts.store.read() as tx:
        return await apps.get_branch(tx, await apps.get(tx, APP), name)


def requests(platform: Platform, row: Instance, count: int) -> None:
    """The edge led so many to this instance, none of them failed."""
    platform.parts.measured.requests[f"slot{row.slot}"] = (count, 0)


async def test_it_works(platform: Platform) -> None:
    await platform.deploy()
    assert await platform.running()
    await pass_time(platform)
    assert (await platform.status(1), await platform.running()) == ("asleep", [])
    assert (platform.sandbox_shows(), platform.permalink_shows(1)) == ("waker", "waker")


async def test_what_just_came_up_stays_for_the_whole_time(platform: Platform) -> None:
    await platform.deploy()
    await platform.sleep(AFTER - 1)
    assert await platform.status(1) == "ready"


async def test_a_session_keeps_it_awake_and_its_end_begins_the_time(platform: Platform) -> None:
    await platform.deploy()
    platform.people(await platform.instance(1), 1)
    for _ in range(40):
        await platform.sleep(MINUTE)
    platform.people(await platform.instance(1), 0)
    await platform.sleep(AFTER - MINUTE - 1)
    assert await platform.status(1) == "ready"
    await pass_time(platform)
    assert await platform.status(1) == "asleep"


async def test_the_platforms_own_visit_keeps_nothing_awake(platform: Platform) -> None:
    await platform.deploy()
    row = await platform.instance(1)
    platform.people(row, 1)
    platform.router.set_visits(f"slot{row.slot}", 1)
    await platform.sleep(AFTER + MINUTE)
    assert await platform.status(1) == "asleep"


async def test_requests_without_sessions_keep_it_awake(platform: Platform) -> None:
    await platform.deploy()
    row = await platform.instance(1)
    for count in range(1, 40):
        requests(platform, row, count)
        await platform.sleep(MINUTE)
    assert await platform.status(1) == "ready"
    await pass_time(platform)
    assert await platform.status(1) == "asleep"


async def test_an_unknown_count_means_awake(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    await platform.deploy()
    count = platform.router.sessions

    async def unreadable() -> dict[Server, int]:
        platform.router.readable = False
        try:
            return await count()
        finally:
            platform.router.readable = True

    with monkeypatch.context() as patched:
        patched.setattr(platform.router, "sessions", unreadable)
        await platform.sleep(10 * AFTER)
    assert await platform.status(1) == "ready"


async def test_use_is_remembered_once_a_minute(platform: Platform) -> None:
    await platform.deploy()
    platform.people(await platform.instance(1), 1)
    await platform.sleep(MINUTE)
    used = (await platform.row(1)).used_at
    for _ in range(5):
        await platform.sleep(5)
    assert (await platform.row(1)).used_at == used
    await platform.sleep(MINUTE)
    assert (await platform.row(1)).used_at == platform.clock()


async def test_use_touches_the_branch(platform: Platform) -> None:
    await platform.deploy()
    platform.people(await platform.instance(1), 1)
    await platform.sleep(2 * 3600)
    assert (await branch(platform)).touched_at == platform.clock()


async def test_a_clock_that_was_put_back_keeps_nothing_awake_for_ever(platform: Platform) -> None:
    await platform.deploy()
    row = await platform.instance(1)
    platform.people(row, 1)
    platform.clock.advance(365 * 24 * 3600)
    await platform.reconcile()
    platform.clock.advance(-365 * 24 * 3600 + 300)
    await platform.reconcile()
    platform.people(row, 0)
    await pass_time(platform)
    assert await platform.status(1) == "asleep"


async def test_an_app_says_how_long(platform: Platform) -> None:
    await platform.deploy(files={**HELLO, "sandbox.toml": '[sleep]\nafter = "2h"\n'})
    await platform.sleep(7000)
    assert await platform.status(1) == "ready"
    await platform.sleep(300)
    assert await platform.status(1) == "asleep"


async def test_a_woken_old_one_sleeps_again_unused(platform: Platform) -> None:
    await platform.deploy()
    await platform.deploy()
    await pass_time(platform, MINUTE)
    assert (await platform.status(1), await platform.status(2)) == ("asleep", "ready")
    await platform.finished(await request_restart(platform.parts, ANNA, APP, 1))
    assert (platform.sandbox_shows(), platform.permalink_shows(1)) == ("d2", "d1")
    await platform.sleep(AFTER - MINUTE)
    assert await platform.status(1) == "ready"
    await pass_time(platform)
    assert await platform.status(1) == "asleep"


async def test_a_release_sleeps_only_if_its_app_says_so(platform: Platform) -> None:
    await platform.deploy()
    await platform.promote(1)
    await pass_time(platform, 3 * 24 * 3600)
    assert (await platform.status(1), platform.users_get()) == ("asleep", "d1")


async def test_a_sleeping_release_stays_in_force_and_wakes(platform: Platform) -> None:
    await platform.deploy(files=NAPS)
    await platform.promote(1)
    await pass_time(platform)
    assert (platform.users_get(), await platform.running()) == ("waker", [])
    assert await platform.in_force() == 1
    assert (await wake.look_up(platform.parts, HOST)).kind == "asleep"
    await wake.wake(platform.parts, HOST)
    await platform.quiet()
    assert platform.users_get() == "d1"
    assert await platform.live(1, Scope.sandbox) == []
    await pass_time(platform)
    assert platform.users_get() == "waker"


async def test_a_release_in_use_stays_awake(platform: Platform) -> None:
    await platform.deploy(files=NAPS)
    await platform.promote(1)
    platform.people(await platform.instance(1, Scope.release), 1)
    for _ in range(30):
        await platform.sleep(MINUTE)
    assert platform.users_get() == "d1"


async def test_a_promote_while_the_release_sleeps_starts_the_new_one(platform: Platform) -> None:
    await platform.deploy(files=NAPS)
    await platform.promote(1)
    await pass_time(platform)
    await platform.deploy(files={**NAPS, "helper.R": "x <- 1"})
    assert (await platform.promote(2)).status == "done"
    assert platform.users_get() == "d2"


async def test_a_rollback_while_the_release_sleeps_works(platform: Platform) -> None:
    await platform.deploy(files=NAPS)
    await platform.promote(1)
    await platform.deploy(files={**NAPS, "helper.R": "x <- 1"})
    await platform.promote(2)
    await pass_time(platform)
    assert platform.users_get() == "waker"
    await platform.rollback()
    assert platform.users_get() == "d1"


async def test_a_restarted_server_forgets_no_use(tmp_path: Path, empty_database: Path) -> None:
    async with open_platform(tmp_path, empty_database) as platform:
        await platform.deploy()
        row = await platform.instance(1)
        requests(platform, row, 7)
        await platform.sleep(AFTER - 5)
        # What a new process knows: the database, and what the edge counted so far.
        platform.parts.requested = {}
        async with platform.parts.store.write() as tx:
            await deployments.note(tx, row.deployment_id, used_at=None)
        await platform.sleep(MINUTE)
        assert await platform.status(1) == "ready"


async def test_a_job_in_progress_is_left_alone(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    await platform.deploy()
    job: Any = await request_restart(platform.parts, ANNA, APP, 1)
    platform.clock.advance(AFTER + MINUTE)
    await platform.reconcile()
    assert await platform.status(1) == "ready"
    await platform.finished(job)


async def test_a_release_does_not_fall_asleep_while_a_promote_is_under_way(platform: Platform) -> None:
    await platform.deploy(files=NAPS)
    await platform.promote(1)
    async with platform.parts.store.write() as tx:
        later = platform.clock() + timedelta(days=1)
        job = await jobs.add(tx, "switch", "app:1", {"share": 0}, by="anna", now=later)
    await pass_time(platform)
    assert platform.users_get() == "d1"
    async with platform.parts.store.write() as tx:
        await jobs.cancel(tx, job.target, platform.clock(), {})
    await pass_time(platform)
    assert platform.users_get() == "waker"


async def test_a_release_that_was_made_a_moment_ago_does_not_fall_asleep(platform: Platform) -> None:
    await platform.deploy(files=NAPS)
    await platform.promote(1)
    await platform.reconcile()
    assert platform.parts.nappers is not None
    _, before = platform.parts.nappers
    await platform.deploy("fix", {**NAPS, "new.R": ""})
    platform.clock.advance(AFTER + MINUTE)
    await platform.promote(2)
    # As if the promote had come right after the look.
    platform.parts.nappers = (platform.parts.store.commits, before)
    await platform.quiet()
    assert platform.users_get() == "d2"
