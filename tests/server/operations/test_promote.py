"""Promote and rollback: a traffic switch to the very image that was pushed."""

import pytest
from tests.server.cast import ANNA, APP, BEN, CLEO
from tests.server.platform import Platform

from sandbox_server import wire
from sandbox_server.domain.instance import Scope
from sandbox_server.errors import ImageMissing, NotFound, NotPossible, StateChanged
from sandbox_server.operations.promote import request_promote
from sandbox_server.operations.remove import remove_branch
from sandbox_server.operations.rollback import request_rollback
from sandbox_server.visitor.base import Outcome, Visit

pytestmark = pytest.mark.anyio

HOST = f"{APP}.apps.localhost"


async def test_it_works(platform: Platform) -> None:
    number = await platform.deploy()
    job = await platform.promote(number, reason="approved")
    assert (job.status, job.error) == ("done", None)
    assert job.release is not None
    assert (job.release.release, job.release.deployment, job.release.by) == (1, 1, "ben")
    assert platform.users_get() == "d1"


async def test_the_image_that_was_pushed_is_released_and_nothing_is_built(platform: Platform) -> None:
    number = await platform.deploy()
    pushed = (await platform.show(number)).image
    before = await platform.builder.images()
    await platform.promote(number)
    assert (await platform.releases())[0].image == pushed
    released = await platform.instance(number, Scope.release)
    assert platform.runtime.spec(released.name).image == pushed
    assert await platform.builder.images() == before


async def test_pushing_never_changes_what_users_get(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    await platform.deploy("main")
    await platform.deploy("feature-x")
    assert platform.users_get() == "d1"


async def test_a_candidate_is_out_of_reach_until_it_was_visited(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    seen: list[tuple[str, list[str]]] = []

    async def look(itinerary: object) -> Visit:
        assert platform.router.running is not None
        pins = [key for key in platform.router.running.pins if key.startswith(f"{HOST}|d2")]
        seen.append((platform.users_get(), pins))
        return Visit(Outcome.idle, 1)

    second = await platform.deploy()
    platform.visitor.visit = look  # type: ignore[method-assign, assignment]
    await platform.promote(second)
    assert seen == [("d1", [])]
    assert platform.users_get() == "d2"


async def test_nothing_changes_if_it_does_not_come_up(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    second = await platform.deploy()
    platform.visitor.outcomes[f"//{HOST}"] = Visit(Outcome.failed, 1, "The session closed.")
    job = await platform.promote(second)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error.code == "start_failed"
    assert (platform.users_get(), len(await platform.releases())) == ("d1", 1)
    assert await platform.live(second, Scope.release) == []


async def test_two_people_at_once_and_the_later_one_is_refused(platform: Platform) -> None:
    one, two = await platform.deploy("main"), await platform.deploy("feature-x")
    ask = [wire.ReleaseRequest(deployment=number, seen=0) for number in (one, two)]
    first = await request_promote(platform.parts, BEN, APP, ask[0])
    second = await request_promote(platform.parts, CLEO, APP, ask[1])
    results = [await platform.finished(first), await platform.finished(second)]
    assert [job.status for job in results] == ["done", "failed"]
    assert results[1].error is not None
    assert results[1].error.code == "state_changed"
    assert platform.users_get() == "d1"
    # The loser's candidate was visited, and still nobody may ask for it on the release's host.
    assert platform.router.running is not None
    assert not [key for key in platform.router.running.pins if key.startswith(f"{HOST}|d2")]


async def test_who_saw_an_older_state_is_told_what_happened(platform: Platform) -> None:
    one, two = await platform.deploy("main"), await platform.deploy("feature-x")
    await platform.promote(one)
    with pytest.raises(StateChanged, match="somebody made release 1"):
        await platform.promote(two, seen=0)
    with pytest.raises(StateChanged):
        await platform.rollback(seen=7)


async def test_a_failed_deployment_cannot_be_released(platform: Platform) -> None:
    platform.visitor.outcomes["d1--"] = Visit(Outcome.failed, 1, "It closed.")
    with pytest.raises(NotPossible, match="d1 is failed"):
        await platform.promote(await platform.deploy())


async def test_an_unknown_deployment_or_app_is_refused(platform: Platform) -> None:
    await platform.deploy()
    with pytest.raises(NotFound, match="d9"):
        await platform.promote(9)
    with pytest.raises(NotFound) as caught:
        await request_promote(
            platform.parts, BEN, "sales-dashbord", wire.ReleaseRequest(deployment=1, seen=0)
        )
    assert caught.value.hint == "Did you mean sales-dashboard?"


async def test_an_image_that_is_gone_is_refused(platform: Platform) -> None:
    number = await platform.deploy()
    await platform.builder.destroy()
    with pytest.raises(ImageMissing):
        await platform.promote(number)


async def test_a_release_gets_its_own_scope(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    told = await platform.environment(1, Scope.release)
    assert (told["SANDBOX_SCOPE"], told["R_CONFIG_ACTIVE"]) == ("release", "production")
    assert told["SANDBOX_URL"] == "http://sales-dashboard.apps.localhost:8080"


async def test_rollback_returns_to_instances_that_still_run(platform: Platform) -> None:
    for _ in range(2):
        await platform.promote(await platform.deploy())
    first = await platform.instance(1, Scope.release)
    visits = len(platform.visitor.visited)
    job = await platform.rollback()
    assert job.release is not None
    assert (job.release.kind, job.release.deployment, platform.users_get()) == ("rollback", 1, "d1")
    assert (await platform.instance(1, Scope.release)).id == first.id
    assert len(platform.visitor.visited) == visits


async def test_a_second_rollback_goes_one_further_back(platform: Platform) -> None:
    for branch in ("a", "b", "c"):
        await platform.promote(await platform.deploy(branch))
    await platform.rollback()
    assert platform.users_get() == "d2"
    await platform.rollback()
    assert platform.users_get() == "d1"
    with pytest.raises(NotPossible, match="no release before"):
        await platform.rollback()


async def test_rollback_goes_to_the_release_that_is_named(platform: Platform) -> None:
    for branch in ("a", "b", "c"):
        await platform.promote(await platform.deploy(branch))
    await platform.rollback(to=1)
    assert platform.users_get() == "d1"
    with pytest.raises(NotFound, match="no release 12"):
        await platform.rollback(to=12)


async def test_without_a_release_there_is_nothing_to_roll_back(platform: Platform) -> None:
    await platform.deploy()
    with pytest.raises(NotPossible, match="Nothing is released yet"):
        await request_rollback(platform.parts, BEN, APP, wire.RollbackRequest(seen=0))


async def test_a_drained_release_that_comes_back_gets_page_loads_again(platform: Platform) -> None:
    for branch in ("a", "b"):
        await platform.promote(await platform.deploy(branch))
    await platform.sleep(platform.parts.settings.keep_previous + 1)
    left = (await platform.live(1, Scope.release))[0]
    assert left.state == "draining"
    await platform.rollback()
    assert (platform.users_get(), (await platform.instance(1, Scope.release)).id) == ("d1", left.id)


async def test_an_earlier_release_goes_after_its_time_but_not_from_under_people(platform: Platform) -> None:
    for branch in ("a", "b"):
        await platform.promote(await platform.deploy(branch))
    left = await platform.instance(1, Scope.release)
    platform.people(left, 2)
    await platform.sleep(platform.parts.settings.keep_previous + 1)
    await platform.sleep(60)
    assert left.name in await platform.running()
    platform.people(left, 0)
    await platform.quiet()
    assert left.name not in await platform.running()


async def test_it_is_told_how_many_people_are_left_behind(platform: Platform) -> None:
    for branch in ("a", "b"):
        await platform.promote(await platform.deploy(branch))
    platform.people(await platform.instance(2, Scope.release), 7)
    job = await platform.rollback()
    assert job.left_sessions == 7


async def test_a_release_whose_instance_is_missing_shows_the_waker_and_comes_back(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    await platform.runtime.remove((await platform.instance(1, Scope.release)).name)
    await platform.reconcile()
    assert platform.users_get() == "waker"
    await platform.quiet()
    assert platform.users_get() == "d1"


async def test_a_release_whose_branch_was_removed_can_come_back(platform: Platform) -> None:
    await platform.deploy("old")
    await platform.promote(1)
    await platform.deploy("main")
    await platform.promote(2)
    await platform.sleep(platform.parts.settings.keep_previous + 60)
    await remove_branch(platform.parts, ANNA, APP, "old")
    await platform.quiet()
    assert (await platform.rollback(to=1)).status == "done"
    assert platform.users_get() == "d1"


async def test_a_deployment_that_is_just_being_released_is_not_removed(platform: Platform) -> None:
    await platform.deploy("old")
    await request_promote(platform.parts, BEN, APP, wire.ReleaseRequest(deployment=1, seen=0))
    with pytest.raises(NotPossible, match="just being released"):
        await remove_branch(platform.parts, ANNA, APP, "old")


async def test_a_release_that_crashed_comes_back_without_waiting_for_a_browser(platform: Platform) -> None:
    await platform.deploy()
    await platform.promote(1)
    visits = len(platform.visitor.visited)
    platform.runtime.crash((await platform.instance(1, Scope.release)).name)
    await platform.quiet()
    assert platform.users_get() == "d1"
    assert len(platform.visitor.visited) == visits
