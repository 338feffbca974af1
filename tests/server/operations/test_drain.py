"""The end of what still runs, by somebody who must."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from tests.server.cast import APP, BEN, HELLO
from tests.server.platform import NOON, Platform
from tests.server.runner import Runner

from sandbox_server.domain.edge import Server
from sandbox_server.domain.instance import Leaving, Scope
from sandbox_server.errors import BadRequest, NotFound, NotPossible
from sandbox_server.operations import drain, listen, notices_in_pages, retire
from sandbox_server.store.tables import Instance
from sandbox_server.wire_sessions import Draining, DrainRequest

pytestmark = pytest.mark.anyio

MINUTE = 60.0
DAY = 86400.0
NEVER = {**HELLO, "sandbox.toml": 'drain = "never"\n'}


async def two_releases(platform: Platform, files: dict[str, str] = HELLO) -> Instance:
    """d2 has the users, and one of them is still on d1: its instance."""
    await platform.deploy(files=files)
    await platform.promote(1)
    old = await platform.instance(1, Scope.release)
    platform.people(old, 1)
    await platform.deploy(files={**files, "new.R": ""})
    await platform.promote(2)
    return old


async def end(platform: Platform, number: int = 1, **said: object) -> list[Draining]:
    request = DrainRequest.model_validate(said)
    found = await drain.request_drain(platform.parts, BEN, APP, number, request)
    await platform.quiet()
    return found


async def cancel(platform: Platform, number: int = 1, **said: object) -> list[Draining]:
    request = DrainRequest.model_validate({"cancel": True, **said})
    found = await drain.cancel_drain(platform.parts, BEN, APP, number, request)
    await platform.quiet()
    return found


async def test_it_works(platform: Platform) -> None:
    old = await two_releases(platform)
    [row] = await end(platform, deadline="30m", scope="release", reason="CVE-2026-1")
    assert (row.deployment, row.scope, row.sessions, row.asked) == (1, "release", 1, True)
    assert row.until == NOON + timedelta(minutes=30)
    await platform.sleep(29 * MINUTE)
    assert old.name in await platform.running()
    await platform.sleep(2 * MINUTE)
    assert old.name not in await platform.running()
    assert platform.users_get() == "d2"
    assert any("ben deployment.drained d1 release>in 30 min" in line for line in await platform.history())


async def test_at_once_is_at_once_also_if_nobody_can_be_counted(platform: Platform) -> None:
    old = await two_releases(platform)
    platform.router.readable = False
    with pytest.raises(Exception, match="does not answer"):
        await end(platform, now=True)
    platform.router.readable = True
    await platform.quiet()
    assert old.name not in await platform.running()


async def test_a_kept_release_that_was_ended_is_not_started_again(platform: Platform) -> None:
    old = await two_releases(platform)
    platform.people(old, 0)
    await end(platform)
    await platform.sleep(MINUTE)
    assert not await platform.live(1, Scope.release)
    await platform.rollback()
    assert platform.users_get() == "d1"
    assert len(await platform.live(1, Scope.release)) == 1


async def test_a_drain_without_a_deadline_has_the_apps_own(platform: Platform) -> None:
    old = await two_releases(platform, {**HELLO, "sandbox.toml": 'drain = "2h"\n'})
    [row] = await end(platform, scope="release")
    assert row.until == NOON + timedelta(hours=2)
    await platform.sleep(119 * MINUTE)
    assert old.name in await platform.running()
    await platform.sleep(2 * MINUTE)
    assert old.name not in await platform.running()


async def test_an_app_that_cuts_nobody_drains_for_ever_unless_somebody_ends_it(platform: Platform) -> None:
    old = await two_releases(platform, NEVER)
    await platform.sleep(40 * DAY)
    [row] = [row for row in await drain.draining(platform.parts, APP) if row.scope == Scope.release]
    assert (row.until, row.asked) == (None, False)
    assert old.name in await platform.running()
    await end(platform, deadline="5m")
    await platform.sleep(6 * MINUTE)
    assert old.name not in await platform.running()


async def test_what_users_would_come_back_to_is_refused(platform: Platform) -> None:
    await two_releases(platform)
    with pytest.raises(NotPossible, match="d2 is released: users would come back to it") as refused:
        await end(platform, 2, now=True)
    assert f"sandbox rollback --app {APP}" in refused.value.hint
    with pytest.raises(NotPossible, match="d2 is what branch main shows"):
        await end(platform, 2, now=True, scope="sandbox")
    assert platform.users_get() == "d2"


async def test_an_older_sandbox_ends_and_sleeps(platform: Platform) -> None:
    await platform.deploy()
    old = await platform.instance(1)
    platform.people(old, 2)
    await platform.deploy()
    await end(platform, now=True)
    assert await platform.status(1) == "asleep"
    assert old.name not in await platform.running()


async def test_of_what_is_shown_by_a_branch_only_the_release_ends(platform: Platform) -> None:
    await platform.deploy("main")
    await platform.promote(1)
    await platform.deploy("fix", {**HELLO, "new.R": ""})
    await platform.promote(2)
    await end(platform, now=True)
    assert not await platform.live(1, Scope.release)
    assert platform.sandbox_shows("main") == "d1"


async def test_it_can_be_called_off(platform: Platform) -> None:
    old = await two_releases(platform)
    await end(platform, deadline="30m")
    assert await cancel(platform) == [] or old.name in await platform.running()
    await platform.sleep(31 * MINUTE)
    assert old.name in await platform.running()
    with pytest.raises(NotPossible, match="Nobody asked for the end of d1"):
        await cancel(platform)


async def test_impossible_wishes_are_refused(platform: Platform) -> None:
    await two_releases(platform)
    for said in ({"now": True, "deadline": "5m"}, {"deadline": "soon"}):
        with pytest.raises(BadRequest):
            await end(platform, **said)
    with pytest.raises(BadRequest):
        await cancel(platform, now=True)
    with pytest.raises(NotFound):
        await end(platform, 9)
    await end(platform, now=True)
    with pytest.raises(NotPossible, match="Nothing of d1 runs"):
        await end(platform, now=True)


async def test_a_clock_that_jumps_cuts_nobody(platform: Platform) -> None:
    old = await two_releases(platform)
    await end(platform, deadline="30m")
    await platform.sleep(MINUTE)
    platform.clock.jump(DAY)
    for _ in range(5):
        await platform.sleep(5 * MINUTE)
    assert old.name in await platform.running()
    platform.clock.jump(-2 * DAY)
    await platform.quiet()
    assert old.name in await platform.running()
    await platform.sleep(5 * MINUTE)
    assert old.name not in await platform.running()


async def test_the_runner_counts_too_and_its_silence_means_stay(platform: Platform) -> None:
    old = await two_releases(platform)
    runner = Runner(platform, old)
    runner.start("s1")
    await listen.listen(platform.parts)
    platform.people(old, 0)
    await end(platform)
    await platform.sleep(MINUTE)
    assert old.name in await platform.running()
    runner.silent = True
    await platform.sleep(MINUTE)
    assert old.name in await platform.running()
    runner.silent = False
    runner.end("s1")
    await platform.quiet()
    assert old.name not in await platform.running()


async def test_pages_say_when_they_end(platform: Platform) -> None:
    old = await two_releases(platform)
    runner = Runner(platform, old)
    runner.start("s1")
    await listen.listen(platform.parts)
    await notices_in_pages.show(platform.parts)
    assert runner.notices == []
    await end(platform, deadline="30m")
    for _ in range(2):
        await notices_in_pages.show(platform.parts)
    [notice] = runner.notices
    assert (notice["kind"], notice["at"]) == ("drain", (NOON + timedelta(minutes=30)).timestamp())
    await cancel(platform)
    await notices_in_pages.show(platform.parts)
    assert runner.notices[-1]["kind"] == "none"


async def test_pages_of_an_earlier_version_hear_of_the_newer_one_if_the_app_wants_it(
    platform: Platform,
) -> None:
    old = await two_releases(platform, {**HELLO, "sandbox.toml": "update_notice = true\n"})
    runner, newer = Runner(platform, old), Runner(platform, await platform.instance(2, Scope.release))
    runner.start("s1")
    newer.start("s2")
    await listen.listen(platform.parts)
    await notices_in_pages.show(platform.parts)
    assert [notice["kind"] for notice in runner.notices] == ["update"]
    assert newer.notices == []


async def test_a_session_that_began_while_it_was_decided_is_not_cut(platform: Platform) -> None:
    old = await two_releases(platform)
    platform.people(old, 0)
    await end(platform)
    count, asked = platform.router.sessions, 0

    async def late() -> dict[Server, int]:
        nonlocal asked
        asked += 1
        counted = await count()
        platform.people(old, 1)
        return counted

    platform.router.sessions = late  # type: ignore[method-assign]
    platform.clock.advance(MINUTE)
    await platform.reconcile()
    assert asked >= 2
    assert old.name in await platform.running()


async def two_that_leave(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> list[Instance]:
    """One after the other, both of the release that was."""
    monkeypatch.setattr(retire, "_AT_ONCE", 1)
    twice = {**HELLO, "sandbox.toml": "[instances]\nmin = 2\n"}
    await platform.deploy(files=twice)
    await platform.promote(1)
    old = await platform.live(1, Scope.release)
    for row in old:
        platform.people(row, 1)
    await platform.deploy(files={**twice, "new.R": ""})
    await platform.promote(2)
    return old


def while_one_ends(platform: Platform, happens: Callable[[str], Awaitable[None]]) -> None:
    stop = platform.runtime.stop

    async def slow(name: str, grace: float = 5) -> None:
        await happens(name)
        await stop(name, grace)

    platform.runtime.stop = slow  # type: ignore[method-assign]


async def test_who_comes_back_while_another_one_ends_is_not_cut(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await two_that_leave(platform, monkeypatch)

    async def reconnects(_: str) -> None:
        platform.people(second, 1)

    await end(platform, scope="release")
    while_one_ends(platform, reconnects)
    for row in (first, second):
        platform.people(row, 0)
    platform.clock.advance(MINUTE)
    await platform.reconcile()
    assert first.name not in await platform.running()
    assert second.name in await platform.running()


async def test_it_can_be_called_off_while_another_one_ends(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await two_that_leave(platform, monkeypatch)

    async def thinks_better(name: str) -> None:
        if name == first.name:
            request = DrainRequest(cancel=True)
            await drain.cancel_drain(platform.parts, BEN, APP, 1, request)

    await end(platform, scope="release", deadline="30m")
    while_one_ends(platform, thinks_better)
    platform.clock.advance(31 * MINUTE)
    await platform.reconcile()
    assert first.name not in await platform.running()
    assert second.name in await platform.running()


async def test_a_wish_that_came_while_it_started_is_not_forgotten(platform: Platform) -> None:
    old = await two_releases(platform)
    platform.people(old, 0)
    async with platform.parts.store.write() as tx:
        row = await tx.get_one(Instance, old.id)
        row.drains_why = Leaving.asked
        tx.add(row)
    await platform.reconcile()
    assert [row.drains_why for row in await platform.live(1, Scope.release)] == [Leaving.asked]
    await platform.sleep(MINUTE)
    assert not await platform.live(1, Scope.release)
