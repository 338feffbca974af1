"""A new release is compared with the one before, and what is worse is taken back."""

from typing import Any

import pytest
from tests.server.cast import APP, BEN, CLEO
from tests.server.platform import Platform

from sandbox_server import wire
from sandbox_server.domain.figures import Counts
from sandbox_server.domain.instance import Scope
from sandbox_server.operations import follow
from sandbox_server.operations.promote import request_promote
from sandbox_server.operations.watch import judge
from sandbox_server.store import apps as app_rows
from sandbox_server.store import figures, notices
from sandbox_server.store.tables_seen import Notice
from sandbox_server.visitor.base import Outcome, Visit
from sandbox_server.wire_sessions import Watch

pytestmark = pytest.mark.anyio

HOST = f"{APP}.apps.localhost"
PLAN = "10@10m,50@10m"
MINUTE, HOUR = 60.0, 3600.0
V1 = {"app.R": "shinyApp(1, 1)", "sandbox.toml": "[watch]\nminutes = 10\n"}
V2 = {"app.R": "shinyApp(2, 2)", "sandbox.toml": "[watch]\nminutes = 10\n"}
TELLING = {"app.R": "shinyApp(3, 3)", "sandbox.toml": '[watch]\non_trouble = "tell"\n'}


async def two_versions(platform: Platform, second: dict[str, str] = V2) -> None:
    """d1 is released, d2 is ready."""
    await platform.deploy("main", V1)
    await platform.deploy("main", second)
    await platform.promote(1)
    await platform.sleep(3600)


async def met(platform: Platform, number: int, sessions: int, failed: int = 0, **more: Any) -> None:
    """What sessions of a deployment met in this minute."""
    counts = Counts(started=sessions, failed=failed, errors=failed, **more)
    for _ in range(sessions):
        counts.flush(0.4)
    deployment = (await platform.row(number)).id or 0
    async with platform.parts.store.write() as tx:
        await figures.add(tx, deployment, Scope.release, platform.clock(), counts)
    platform.clock.advance(1)


async def look(platform: Platform) -> None:
    await judge(platform.parts)
    await platform.quiet()


async def watch(platform: Platform) -> Watch:
    return await follow.show(platform.parts, APP)


async def told(platform: Platform) -> list[Notice]:
    """Open ones about releases."""
    async with platform.parts.store.read() as tx:
        app = await app_rows.get(tx, APP)
        return [row for row in await notices.open_ones(tx, app.id) if row.key == notices.WATCH]


def share(platform: Platform) -> str:
    """What the edge gives to a share of the visitors, such as `10 % d2`."""
    assert platform.router.running is not None
    percent, _, slot = platform.router.running.shares.get(HOST, "").partition(":")
    return f"{percent} % {platform.router.running.labels[slot].split('-')[0]}" if slot else ""


async def rows(platform: Platform) -> list[tuple[int, int, str]]:
    """Oldest first: deployment, share, kind."""
    return [(row.deployment, row.share, row.kind) for row in reversed(await platform.releases())]


async def test_it_works(platform: Platform) -> None:
    await two_versions(platform)
    job = await platform.promote(2, canary=PLAN)
    assert (job.status, job.release and job.release.share) == ("done", 10)
    assert (platform.users_get(), share(platform)) == ("d1", "10 % d2")
    for percent, after in ((10, "50 % d2"), (50, "")):
        await met(platform, 1, 400)
        await met(platform, 2, 40)
        await look(platform)
        assert share(platform) == f"{percent} % d2"
        await platform.sleep(10 * MINUTE + 1)
        await met(platform, 1, 400)
        await met(platform, 2, 40)
        await look(platform)
        assert share(platform) == after
    assert platform.users_get() == "d2"
    assert await rows(platform) == [
        (1, 100, "promote"), (2, 10, "promote"), (2, 50, "promote"), (2, 100, "promote"),
    ]  # fmt: skip
    newest = (await platform.releases())[0]
    assert newest.by == "platform"
    assert newest.reason.startswith("Nothing is worse: errors in 0 of 40 sessions")


async def test_a_worse_candidate_gives_its_share_back_and_the_owner_hears_it(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, canary=PLAN)
    await met(platform, 1, 400)
    await met(platform, 2, 40, failed=9)
    await look(platform)
    assert (platform.users_get(), share(platform)) == ("d1", "")
    newest = (await platform.releases())[0]
    assert (newest.deployment, newest.share, newest.kind, newest.by) == (2, 0, "abort", "platform")
    assert newest.reason.startswith("More sessions meet errors: 9 of 40 (22 %), against 0 of 400 with d1")
    [notice] = await told(platform)
    assert notice.text.startswith("The candidate d2 was given up; all visitors get d1 again.\nMore sessions")
    assert "sandbox logs d2" in notice.hint
    assert any(line.startswith("platform release.abort release 3") for line in await platform.history())
    shown = await watch(platform)
    assert (shown.state, shown.share) == ("aborted", 0)
    assert shown.newer is not None
    assert (shown.newer.deployment, shown.newer.sessions, shown.newer.failed) == (2, 40, 9)
    assert shown.older is not None
    assert (shown.older.deployment, shown.older.sessions) == (1, 400)


async def test_people_on_a_candidate_that_was_given_up_may_finish(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=10)
    candidate = await platform.instance(2, Scope.release)
    platform.people(candidate, 3)
    await met(platform, 1, 400)
    await met(platform, 2, 40, failed=20)
    await look(platform)
    await platform.sleep(60)
    assert candidate.name in await platform.running()
    platform.people(candidate, 0)
    await platform.sleep(60)
    assert candidate.name not in await platform.running()


async def test_too_few_sessions_are_waited_for_and_the_owner_hears_it_at_last(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, canary=PLAN)
    await met(platform, 1, 400)
    await met(platform, 2, 4)
    await platform.sleep(11 * MINUTE)
    await look(platform)
    assert share(platform) == "10 % d2"
    assert (await watch(platform)).words == (
        "Too few sessions to judge: 4 of 20. It waits with 10 % until there are enough."
    )
    assert await told(platform) == []
    await platform.sleep(20 * MINUTE)
    await look(platform)
    await look(platform)
    [notice] = await told(platform)
    assert notice.text.startswith("The candidate d2 waits with 10 % of the visitors.\nToo few sessions")
    await met(platform, 1, 400)
    await met(platform, 2, 40)
    await look(platform)
    assert share(platform) == "50 % d2"
    assert await told(platform) == []


async def test_who_has_many_already_is_not_told_to_give_fewer(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, canary="80@10m")
    await look(platform)
    await platform.sleep(31 * MINUTE)
    await look(platform)
    [notice] = await told(platform)
    assert notice.hint == f"Raise it by hand: `sandbox promote d2 --app {APP} --percent 99`."


async def test_a_clock_that_is_set_ends_no_step(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, canary=PLAN)
    await met(platform, 1, 400)
    await met(platform, 2, 40)
    await look(platform)
    platform.clock.jump(HOUR)
    await met(platform, 1, 400)
    await met(platform, 2, 40)
    await look(platform)
    await platform.sleep(5 * MINUTE)
    await look(platform)
    assert share(platform) == "10 % d2"
    await platform.sleep(5 * MINUTE)
    await look(platform)
    assert share(platform) == "50 % d2"


async def test_a_small_app_is_compared_with_its_last_day(platform: Platform) -> None:
    await two_versions(platform)
    await met(platform, 1, 300, failed=3)
    await platform.sleep(3 * 3600)
    await platform.promote(2, percent=50)
    await met(platform, 1, 5)
    await met(platform, 2, 12, failed=9)
    await look(platform)
    reason = (await platform.releases())[0].reason
    assert reason == (
        "More sessions meet errors: 9 of 12 (75 %), against 3 of 305 (1.0 %) with d1 over the last day."
    )


async def test_a_share_that_somebody_set_is_watched_and_never_raised(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=10)
    await met(platform, 1, 400)
    await met(platform, 2, 40)
    await platform.sleep(2 * 3600)
    await look(platform)
    assert share(platform) == "10 % d2"
    shown = await watch(platform)
    assert (shown.state, shown.share, shown.until, shown.steps) == ("canary", 10, None, [])
    await met(platform, 1, 400)
    await met(platform, 2, 40, crashes=3)
    await look(platform)
    assert share(platform) == ""
    assert (await platform.releases())[0].reason.startswith("It crashed 3 times")


async def test_a_share_that_is_raised_by_hand_ends_the_plan(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, canary=PLAN)
    assert (await watch(platform)).steps == [(50, 600)]
    await platform.promote(2, percent=30)
    assert (await watch(platform)).steps == []
    assert share(platform) == "30 % d2"
    await platform.promote(2, percent=100)
    assert (platform.users_get(), share(platform)) == ("d2", "")


async def test_what_was_tried_as_a_candidate_is_what_all_visitors_get(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=10)
    tried = await platform.instance(2, Scope.release)
    visits = len(platform.visitor.visited)
    await platform.promote(2)
    assert (await platform.instance(2, Scope.release)).id == tried.id
    assert len(platform.visitor.visited) == visits


async def test_a_worse_release_is_taken_back(platform: Platform) -> None:
    await two_versions(platform)
    await met(platform, 1, 400)
    await platform.sleep(MINUTE)
    await platform.promote(2)
    assert (await watch(platform)).state == "watching"
    await met(platform, 2, 40, failed=20)
    await look(platform)
    assert platform.users_get() == "d1"
    newest = (await platform.releases())[0]
    assert (newest.kind, newest.by, newest.returns_to) == ("rollback", "platform", 1)
    assert newest.reason.startswith(
        "More sessions meet errors: 20 of 40 (50 %), against 0 of 400 with d1 over"
    )
    [notice] = await told(platform)
    assert notice.text.startswith("d2 was taken back; users get d1 again.\nMore sessions meet errors")
    shown = await watch(platform)
    assert shown.state == "rolled_back"
    assert shown.words.startswith("d2 was taken back; users get d1 again.")
    await platform.sleep(MINUTE)
    await look(platform)
    assert len(await platform.releases()) == 3


async def test_trouble_after_the_watch_is_nobodys_business(platform: Platform) -> None:
    await two_versions(platform)
    await met(platform, 1, 400)
    await platform.sleep(MINUTE)
    await platform.promote(2)
    await met(platform, 2, 40)
    await platform.sleep(13 * MINUTE)
    await met(platform, 2, 400, failed=400)
    await look(platform)
    assert platform.users_get() == "d2"
    shown = await watch(platform)
    assert (shown.state, shown.words.partition(" Nothing")[0]) == ("passed", "d2 was watched for 10 min.")
    await platform.sleep(2 * 86400)
    assert (await watch(platform)).state == "none"


async def test_an_app_that_only_wants_to_be_told(platform: Platform) -> None:
    await two_versions(platform, TELLING)
    await met(platform, 1, 400)
    await platform.sleep(MINUTE)
    await platform.promote(2)
    await met(platform, 2, 40, failed=20)
    for _ in range(3):
        await look(platform)
    assert (platform.users_get(), len(await platform.releases())) == ("d2", 2)
    [notice] = await told(platform)
    assert notice.text.startswith("d2 does worse than before.\nMore sessions meet errors")
    assert notice.hint == f"Take it back: `sandbox rollback --app {APP}`."
    assert (await watch(platform)).state == "troubled"
    await platform.rollback()
    assert await told(platform) == []


async def test_a_first_release_has_nothing_to_go_back_to(platform: Platform) -> None:
    await platform.deploy("main", V1)
    await platform.promote(1)
    await met(platform, 1, 10, failed=9)
    await look(platform)
    assert platform.users_get() == "d1"
    [notice] = await told(platform)
    assert "Most sessions meet errors: 9 of 10 (90 %)." in notice.text


async def test_a_release_that_cannot_be_taken_back_is_told(platform: Platform) -> None:
    await two_versions(platform)
    await met(platform, 1, 400)
    await platform.sleep(MINUTE)
    await platform.promote(2)
    platform.visitor.outcomes[f"//{HOST}"] = Visit(Outcome.failed, 1, "The session closed.")
    for row in await platform.live(1, Scope.release):
        await platform.runtime.remove(row.name)
    await met(platform, 2, 40, failed=20)
    platform.runtime.status = 500
    for _ in range(3):
        await look(platform)
        await platform.sleep(1)
    assert platform.users_get() == "d2"
    [notice] = await told(platform)
    assert "It could not be taken back: The app answered with status 500 only" in notice.text


async def test_a_step_waits_for_a_candidate_that_does_not_run(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, canary="50@10m")
    await look(platform)
    await met(platform, 1, 40)
    await met(platform, 2, 40)
    platform.clock.advance(11 * MINUTE)
    platform.runtime.crash((await platform.instance(2, Scope.release)).name)
    await platform.reconcile()
    await judge(platform.parts)
    assert platform.users_get() == "d1"
    await platform.quiet()
    await look(platform)
    assert platform.users_get() == "d2"


async def test_nobody_raises_what_somebody_is_just_changing(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, canary="50@10m")
    await met(platform, 1, 40)
    await met(platform, 2, 40)
    await platform.sleep(11 * MINUTE)
    asked = wire.ReleaseRequest(deployment=2, seen=2, percent=0)
    await request_promote(platform.parts, BEN, APP, asked)
    await judge(platform.parts)
    await platform.quiet()
    assert await rows(platform) == [(1, 100, "promote"), (2, 50, "promote"), (2, 0, "abort")]


async def test_two_people_at_once_and_one_of_them_is_told(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=10)
    ask = [wire.ReleaseRequest(deployment=2, seen=2, percent=percent) for percent in (50, 0)]
    first = await request_promote(platform.parts, BEN, APP, ask[0])
    second = await request_promote(platform.parts, CLEO, APP, ask[1])
    results = [await platform.finished(first), await platform.finished(second)]
    assert [job.status for job in results] == ["done", "failed"]
    assert results[1].error is not None
    assert results[1].error.code == "state_changed"
    assert "release 3, a candidate with 50 % of the visitors" in results[1].error.message
    assert share(platform) == "50 % d2"


async def test_an_app_without_figures_is_left_alone(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, canary=PLAN)
    await platform.sleep(3600)
    for _ in range(3):
        await look(platform)
    assert share(platform) == "10 % d2"
    assert (await watch(platform)).words.startswith("Too few sessions to judge: 0 of 20.")


async def test_who_follows_is_woken_by_a_change(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=10)
    before = await watch(platform)
    assert (await follow.show(platform.parts, APP, before.version, 0)).version == before.version
    await platform.promote(2, percent=0)
    after = await follow.show(platform.parts, APP, before.version, 5)
    assert (after.state, after.words) == ("aborted", "The candidate d2 was given up by ben.")
    assert 0 < after.version < 2**31
