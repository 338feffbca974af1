"""Promote for a share of the visitors: what is allowed, what is refused, and what a kill leaves."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.server.cast import ANNA, APP, BEN
from tests.server.jobs.test_worker import KilledError, one_job
from tests.server.operations.test_watch import met, rows, share, two_versions
from tests.server.platform import Platform

from sandbox_server import wire
from sandbox_server.domain.instance import Scope
from sandbox_server.errors import BadRequest, ImageMissing, NotPossible, StateChanged
from sandbox_server.operations import edge, rollback, switch, watch
from sandbox_server.operations.collect import collect
from sandbox_server.operations.promote import request_promote
from sandbox_server.operations.remove import remove_branch
from sandbox_server.operations.restart import request_restart
from sandbox_server.operations.rollback import request_rollback
from sandbox_server.operations.variables import set_variables
from sandbox_server.operations.watch import judge
from sandbox_server.visitor.base import Outcome, Visit

pytestmark = pytest.mark.anyio


@pytest.fixture
def die_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """From now on a story that comes by this failpoint ends there, as if the process were gone."""

    def arm(name: str) -> None:
        def failpoint(passed: str) -> None:
            if passed == name:
                raise KilledError(name)

        for module in (switch, edge, watch):
            monkeypatch.setattr(module, "failpoint", failpoint)

    yield arm
    monkeypatch.undo()


async def refused(platform: Platform, number: int, words: str, hint: str = "", **share: Any) -> None:
    with pytest.raises(NotPossible, match=words) as caught:
        await platform.promote(number, **share)
    assert hint in caught.value.hint


async def test_it_works(platform: Platform) -> None:
    await two_versions(platform)
    job = await platform.promote(2, percent=10, reason="slowly")
    assert job.release is not None
    assert (job.release.share, job.release.in_force, job.left_sessions) == (10, False, 0)
    assert (platform.users_get(), share(platform)) == ("d1", "10 % d2")
    await platform.promote(2, percent=50)
    assert share(platform) == "50 % d2"
    await platform.promote(2, percent=0)
    assert (platform.users_get(), share(platform)) == ("d1", "")
    assert await rows(platform) == [
        (1, 100, "promote"),
        (2, 10, "promote"),
        (2, 50, "promote"),
        (2, 0, "abort"),
    ]
    told = [line for line in await platform.history() if " release." in line and "switched" not in line]
    assert told[1:] == [
        "ben release.share release 2 release 1>d2 (10 %)",
        "ben release.share release 3 release 2>d2 (50 %)",
        "ben release.abort release 4 release 3>d2",
    ]


async def test_a_candidate_is_visited_before_any_user_gets_it(platform: Platform) -> None:
    await two_versions(platform)
    platform.visitor.outcomes[f"//{APP}.apps.localhost"] = Visit(Outcome.failed, 1, "The session closed.")
    job = await platform.promote(2, percent=10)
    assert job.status == "failed"
    assert (share(platform), await rows(platform)) == ("", [(1, 100, "promote")])


async def test_a_first_release_cannot_be_a_share(platform: Platform) -> None:
    await platform.deploy()
    hint = "Release it wholly: `sandbox promote d1`."
    await refused(platform, 1, "nothing that a share could be compared with", hint, percent=10)
    await refused(platform, 1, "Nothing is released yet", hint, canary="10@10m")
    assert (await platform.promote(1, percent=100)).status == "done"


async def test_what_users_get_already_is_no_candidate(platform: Platform) -> None:
    await two_versions(platform)
    await refused(platform, 1, "All visitors get d1 already", "`sandbox promote d1`", percent=10)


async def test_a_failed_or_removed_deployment_is_no_candidate(platform: Platform) -> None:
    await two_versions(platform)
    platform.visitor.outcomes["d3--"] = Visit(Outcome.failed, 1, "It closed.")
    await platform.deploy("feature-x")
    await refused(platform, 3, "d3 is failed", percent=10)
    await remove_branch(platform.parts, ANNA, APP, "feature-x")
    await refused(platform, 3, "d3 is retired", canary="10@10m")


async def test_a_candidate_without_an_image_is_refused(platform: Platform) -> None:
    await two_versions(platform)
    await platform.builder.destroy()
    with pytest.raises(ImageMissing):
        await platform.promote(2, percent=10)


async def test_shares_that_make_no_sense_are_refused(platform: Platform) -> None:
    await two_versions(platform)
    with pytest.raises(BadRequest, match="must rise"):
        await platform.promote(2, canary="50@10m,10@10m")
    with pytest.raises(BadRequest, match="says its shares itself"):
        await platform.promote(2, canary="50@10m", percent=10)
    for percent in (-1, 101):
        with pytest.raises(ValueError, match="percent"):
            wire.ReleaseRequest(deployment=2, seen=1, percent=percent)


async def test_another_candidate_replaces_the_first_only_if_that_is_said(platform: Platform) -> None:
    await two_versions(platform)
    await platform.deploy("feature-x")
    await platform.promote(2, canary="10@10m")
    for wish in ({"percent": 20}, {"canary": "10@10m"}, {}):
        await refused(
            platform, 3, "d2 is a candidate and has 10 % of the visitors", "add `--replace`", **wish
        )
    await platform.promote(3, percent=20, replace=True)
    assert share(platform) == "20 % d3"
    assert {row.deployment_id for row in await platform.live(scope=Scope.release) if row.state == "up"} == {
        (await platform.row(number)).id for number in (1, 3)
    }


async def test_a_canary_of_the_candidate_begins_anew_only_if_that_is_said(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=30)
    await refused(platform, 2, "d2 is a candidate and has 30 %", "add `--replace`", canary="10@10m")
    await platform.promote(2, canary="10@10m", replace=True)
    assert share(platform) == "10 % d2"


async def test_only_a_candidate_can_give_its_share_back(platform: Platform) -> None:
    await two_versions(platform)
    await refused(platform, 2, "d2 is no candidate", percent=0)
    await platform.deploy("feature-x")
    await platform.promote(2, percent=10)
    await refused(platform, 3, "d3 has none", "`sandbox promote d2 --percent 0`", percent=0)


async def test_who_saw_another_share_is_told_what_happened(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=10)
    with pytest.raises(StateChanged, match="release 2, a candidate with 10 % of the visitors"):
        await platform.promote(2, percent=50, seen=1)


async def test_a_candidate_keeps_the_variables_that_it_began_with(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=10)
    tried = await platform.instance(2, Scope.release)
    asked = wire.VariablesSet(variables={"KEY": "new"}, scope="release")
    await set_variables(platform.parts, ANNA, APP, asked)
    await platform.quiet()
    await platform.promote(2, percent=50)
    assert (await platform.instance(2, Scope.release)).id == tried.id
    await platform.promote(2)
    assert (await platform.instance(2, Scope.release)).id == tried.id


async def test_rollback_gives_a_candidate_up_and_nothing_else(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=10)
    platform.people(await platform.instance(2, Scope.release), 4)
    job = await platform.rollback()
    assert job.release is not None
    assert (job.release.kind, job.release.share, job.left_sessions) == ("abort", 0, 4)
    assert (platform.users_get(), share(platform)) == ("d1", "")
    with pytest.raises(NotPossible, match="no release before"):
        await platform.rollback()
    await platform.promote(2, percent=10)
    assert (await rollback.target(platform.parts, APP)).release == 1
    await platform.rollback(to=1)
    assert (await rows(platform))[-1] == (2, 0, "abort")


async def test_rollback_to_a_release_ends_a_candidate_too(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2)
    await platform.deploy("feature-x")
    await platform.promote(3, percent=10)
    await platform.rollback(to=1)
    assert (platform.users_get(), share(platform)) == ("d1", "")


async def test_people_left_behind_are_moved_if_that_is_asked_for(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2)
    left = await platform.instance(2, Scope.release)
    platform.people(left, 3)
    await platform.rollback(move="10m")
    [row] = await platform.live(2, Scope.release)
    assert row.move_at == platform.clock() + timedelta(minutes=10)
    assert [row.move_at for row in await platform.live(1, Scope.release)] == [None]
    # It comes back, and nobody is moved away from it.
    await platform.promote(2)
    assert [row.move_at for row in await platform.live(2, Scope.release)] == [None]


async def test_people_on_a_candidate_are_moved_too(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=10)
    platform.people(await platform.instance(2, Scope.release), 3)
    await platform.rollback(move="30s")
    [row] = await platform.live(2, Scope.release)
    assert row.move_at == platform.clock() + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("move", "words"), [("soon", "no span of time"), ("1s", "not after 1 s"), ("9d", "9 days")]
)
async def test_a_move_that_makes_no_sense_is_refused(platform: Platform, move: str, words: str) -> None:
    await two_versions(platform)
    await platform.promote(2)
    with pytest.raises(BadRequest, match=words):
        await request_rollback(platform.parts, BEN, APP, wire.RollbackRequest(seen=2, move=move))


async def test_a_candidate_is_neither_removed_nor_collected(platform: Platform) -> None:
    await platform.promote(await platform.deploy("main"))
    await platform.deploy("feature-x")
    await platform.promote(2, percent=10)
    with pytest.raises(NotPossible, match="d2 is release 2 and has 10 % of the app's users"):
        await remove_branch(platform.parts, ANNA, APP, "feature-x")
    for _ in range(12):
        await platform.push("feature-x")
        await platform.quiet()
    await platform.sleep(30 * 86400)
    await collect(platform.parts)
    assert (await platform.show(2)).image in {image.id for image in await platform.builder.images()}
    assert share(platform) == "10 % d2"


async def test_a_candidate_that_crashed_comes_back_with_its_share(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=10)
    platform.runtime.crash((await platform.instance(2, Scope.release)).name)
    await platform.reconcile()
    await platform.quiet()
    assert share(platform) == "10 % d2"
    assert platform.users_get() == "d1"


async def test_a_restart_gives_a_candidate_a_fresh_instance_too(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, percent=10)
    before = await platform.instance(2, Scope.release)
    await request_restart(platform.parts, BEN, APP, 2)
    await platform.quiet()
    assert (await platform.instance(2, Scope.release)).id != before.id
    assert share(platform) == "10 % d2"


@pytest.mark.parametrize(
    ("percent", "place"),
    [
        *((10, place) for place in ("switch.started", "switch.visited")),
        *((share, f"switch.{place}") for share in (10, 0) for place in ("released", "applied")),
        (10, "edge.written"),
        (0, "edge.written"),
    ],
)
async def test_a_share_that_was_killed_makes_one_row(
    platform: Platform, die_at: Any, monkeypatch: pytest.MonkeyPatch, place: str, percent: int
) -> None:
    await two_versions(platform)
    if percent == 0:
        await platform.promote(2, percent=10)
    seen = await platform.in_force()
    asked = wire.ReleaseRequest(deployment=2, seen=seen, percent=percent)
    await request_promote(platform.parts, BEN, APP, asked)
    die_at(place)
    with pytest.raises(KilledError):
        await switch.switch(platform.parts, await one_job(platform))
    monkeypatch.undo()
    await platform.quiet()
    assert len(await platform.releases()) == seen + 1
    assert share(platform) == ("10 % d2" if percent else "")


@pytest.mark.parametrize("place", ["watch.decided", "edge.written", "watch.applied"])
async def test_a_candidate_whose_judge_was_killed_is_given_up_once(
    platform: Platform, die_at: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    await two_versions(platform)
    await platform.promote(2, canary="10@10m")
    await met(platform, 1, 400)
    await met(platform, 2, 40, failed=20)
    die_at(place)
    with pytest.raises(KilledError):
        await judge(platform.parts)
    monkeypatch.undo()
    await platform.quiet()
    await judge(platform.parts)
    await platform.quiet()
    assert share(platform) == ""
    assert await rows(platform) == [(1, 100, "promote"), (2, 10, "promote"), (2, 0, "abort")]


async def test_a_rollback_whose_judge_was_killed_is_made_once(
    platform: Platform, die_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_versions(platform)
    await met(platform, 1, 400)
    await platform.sleep(60)
    await platform.promote(2)
    await met(platform, 2, 40, failed=20)
    die_at("watch.asked")
    with pytest.raises(KilledError):
        await judge(platform.parts)
    monkeypatch.undo()
    await judge(platform.parts)
    await platform.quiet()
    await judge(platform.parts)
    await platform.quiet()
    assert await rows(platform) == [(1, 100, "promote"), (2, 100, "promote"), (1, 100, "rollback")]
