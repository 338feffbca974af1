"""Sandboxes that nobody needs go, with notice; one word keeps them."""

from datetime import timedelta

import pytest
from tests.server.cast import ANNA, APP, BEN
from tests.server.platform import Platform

from sandbox_server.operations.expire import branches_seen, expire, keep
from sandbox_server.operations.overview import app_detail
from sandbox_server.operations.sandboxes import list_sandboxes
from sandbox_server.store import apps, notices
from sandbox_server.store.tables_seen import Notice
from sandbox_server.wire_sessions import BranchesGone, BranchesSeen

pytestmark = pytest.mark.anyio

DAY = 24 * 3600.0
OLD = "feature-x"


@pytest.fixture
async def team(platform: Platform) -> Platform:
    """main and feature-x have sandboxes, both from two days ago."""
    await platform.deploy(OLD)
    await platform.deploy("main")
    await days(platform, 2)
    return platform


async def days(platform: Platform, count: float) -> None:
    """As they go by, with a look each hour."""
    for _ in range(round(count * 24)):
        platform.clock.advance(3600)
        await expire(platform.parts)


async def see(platform: Platform, *existing: str, merged: str = "", branch: str = "main") -> BranchesGone:
    seen = BranchesSeen(branch=branch, existing=[branch, *existing], merged=[merged] if merged else [])
    return await branches_seen(platform.parts, ANNA, APP, seen)


async def branches(platform: Platform) -> list[str]:
    async with platform.parts.store.read() as tx:
        return [branch.name for branch in await apps.branches(tx)]


async def open_notices(platform: Platform) -> list[Notice]:
    async with platform.parts.store.read() as tx:
        return await notices.open_ones(tx)


async def removal(platform: Platform, branch: str = OLD) -> str:
    detail = await app_detail(platform.parts, APP)
    return next(one.removal for one in detail.sandboxes if one.branch == branch)


async def test_it_works(team: Platform) -> None:
    gone = await see(team, merged=OLD)
    assert [(one.branch, one.removal) for one in gone.gone] == [
        (OLD, "will be removed on 10 Mar: its branch was merged")
    ]
    await days(team, 2.9)
    assert await open_notices(team) == []
    await days(team, 0.2)
    (notice,) = await open_notices(team)
    assert f"The sandbox of {OLD} will be removed on 10 Mar: its branch was merged." in notice.text
    assert f"sandbox keep --app {APP} --branch {OLD}" in notice.hint
    assert "its branch was merged" in await removal(team)
    await days(team, 2.7)
    assert OLD in await branches(team)
    await days(team, 0.3)
    assert await branches(team) == ["main"]
    assert await open_notices(team) == []
    assert any(f"platform sandbox.removed {OLD}" in line for line in await team.history())


async def test_a_deleted_branch_goes_too(team: Platform) -> None:
    assert [one.branch for one in (await see(team)).gone] == [OLD]
    await days(team, 6.2)
    assert await branches(team) == ["main"]


async def test_a_push_keeps_it(team: Platform) -> None:
    await see(team, merged=OLD)
    await days(team, 4)
    assert await open_notices(team)
    await team.deploy(OLD)
    await days(team, 4)
    assert (await open_notices(team), await removal(team)) == ([], "")
    assert OLD in await branches(team)


async def test_a_word_keeps_it_whatever_a_repository_says(team: Platform) -> None:
    await see(team, merged=OLD)
    await days(team, 4)
    kept = await keep(team.parts, BEN, APP, OLD)
    assert kept.until == team.clock() + timedelta(days=63)
    assert await open_notices(team) == []
    await see(team, merged=OLD)
    await days(team, 10)
    assert OLD in await branches(team)


async def test_a_branch_that_comes_back_stays(team: Platform) -> None:
    await see(team)
    await days(team, 4)
    assert (await see(team, OLD)).gone == []
    await days(team, 4)
    assert (OLD in await branches(team), await open_notices(team)) == (True, [])


async def test_a_repository_of_something_else_says_nothing(team: Platform) -> None:
    assert (await see(team, branch="unknown")).gone == []


async def test_what_was_pushed_within_a_day_is_in_use(team: Platform) -> None:
    await team.deploy("fresh")
    assert [one.branch for one in (await see(team, OLD)).gone] == []


async def test_main_stays_even_if_a_repository_has_none(team: Platform) -> None:
    assert (await see(team, branch=OLD)).gone == []


async def test_what_users_have_stays(team: Platform) -> None:
    await team.promote(1)
    await see(team, merged=OLD)
    await days(team, 100)
    assert OLD in await branches(team)


async def test_a_sandbox_that_people_are_on_waits_for_them(team: Platform) -> None:
    await see(team, merged=OLD)
    row = await team.instance(1)
    team.people(row, 1)
    await team.reconcile()
    await days(team, 7)
    assert OLD in await branches(team)
    team.people(row, 0)
    await team.reconcile()
    await days(team, 0.1)
    assert OLD not in await branches(team)


async def test_untouched_ones_go_after_their_time(team: Platform) -> None:
    await days(team, 57)
    assert await open_notices(team) == []
    await days(team, 1.1)
    assert len(await open_notices(team)) == 2
    assert await removal(team) == "will be removed on 4 May: untouched since 2 Mar"
    await days(team, 3)
    assert await branches(team) == []


async def test_a_clock_that_jumps_gives_the_whole_notice_again(team: Platform) -> None:
    await see(team, merged=OLD)
    await days(team, 4)
    # Nobody has lived through this week.
    team.clock.jump(7 * DAY)
    await expire(team.parts)
    await days(team, 2.9)
    assert OLD in await branches(team)
    await days(team, 0.2)
    assert OLD not in await branches(team)


async def test_a_server_that_was_down_removes_nothing_right_after_its_start(team: Platform) -> None:
    await see(team, merged=OLD)
    await days(team, 4)
    team.clock.advance(30 * DAY)
    team.parts.expired, team.parts.up_since = None, team.parts.ticks()
    await expire(team.parts)
    assert OLD in await branches(team)
    await days(team, 0.1)
    assert OLD not in await branches(team)


async def test_all_sandboxes_are_listed_with_what_they_cost(team: Platform) -> None:
    await team.sleep(60)
    await team.sleep(60)
    await team.deploy("third")
    await see(team, merged=OLD)
    found = {one.branch: one for one in await list_sandboxes(team.parts)}
    assert {name: one.status for name, one in found.items()} == {
        OLD: "asleep", "main": "asleep", "third": "ready"
    }  # fmt: skip
    assert found["main"].memory is None
    assert (found["third"].memory or 0) > 0
    assert "merged" in found[OLD].removal
    assert next(iter(found)) == "third"
    assert len(await list_sandboxes(team.parts, APP)) == 3
