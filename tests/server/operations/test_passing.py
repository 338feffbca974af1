"""Passing the gates: what happens between the question and the release, kills, shares of the visitors."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.server.cast import ANNA, APP, BEN, HELLO
from tests.server.operations.test_gates import HOST, ONE_REVIEW, app_with, demand, judged, shown
from tests.server.platform import Platform
from tests.server.reviewing import signed

from sandbox_server import wire
from sandbox_server.domain.canary import Wish
from sandbox_server.domain.instance import Scope
from sandbox_server.errors import GateClosed
from sandbox_server.operations import canary, switch
from sandbox_server.operations.promote import request_promote
from sandbox_server.store import apps
from sandbox_server.visitor.base import Outcome, Visit

pytestmark = pytest.mark.anyio


async def test_a_refused_release_suggests_an_override_that_keeps_what_was_asked_for(
    platform: Platform,
) -> None:
    await platform.promote(await platform.deploy())
    await platform.deploy(files=HELLO | {"more.R": "1"})
    await demand(platform, reviews=1)
    for more, typed in (
        ({"percent": 10, "replace": True}, " --percent 10 --replace"),
        ({"canary": "10@10m,50@10m"}, ' --canary "10@10m,50@10m"'),
        ({}, ""),
    ):
        asked = wire.ReleaseRequest.model_validate({"deployment": 2, "seen": 1, **more})
        with pytest.raises(GateClosed) as caught:
            await request_promote(platform.parts, ANNA, APP, asked)
        assert f'`sandbox promote d2 --app {APP}{typed} --override --reason "…"`' in caught.value.detail


# Races


async def meanwhile(platform: Platform, happens: Callable[[], Awaitable[object]]) -> None:
    """While the browser looks at the candidate."""

    async def visit(_: object) -> Visit:
        await happens()
        return Visit(Outcome.idle, 1)

    platform.visitor.visit = visit  # type: ignore[method-assign, assignment]


async def test_a_rejection_that_comes_during_the_switch_stops_it(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    await platform.deploy(files=ONE_REVIEW)
    await demand(platform, reviews=1)
    await judged(platform, 2)
    await meanwhile(platform, lambda: judged(platform, 2, "rejected", email="omar@example.org"))
    job = await platform.promote(2)
    assert job.error is not None
    assert (job.status, job.error.code) == ("failed", "gate_closed")
    assert job.error.message == "d2 was not released; nothing has changed: it was rejected."
    assert (platform.users_get(), len(await platform.releases())) == ("d1", 1)
    await platform.sleep(3600)
    assert await platform.live(2, Scope.release) == []


async def test_gates_that_are_set_during_the_switch_hold(platform: Platform) -> None:
    await platform.deploy()
    await meanwhile(platform, lambda: demand(platform, reviews=1))
    job = await platform.promote(1)
    assert job.error is not None
    assert (job.error.code, await platform.releases()) == ("gate_closed", [])


async def test_a_rejection_after_somebody_asked_to_override_is_heard(platform: Platform) -> None:
    await platform.deploy(files=ONE_REVIEW)
    await meanwhile(platform, lambda: judged(platform, 1, "rejected"))
    job = await platform.promote(1, override=True, reason="it burns", by=ANNA)
    assert job.error is not None
    assert (job.error.code, await platform.releases()) == ("gate_closed", [])
    job = await platform.promote(1, override=True, reason="it burns, and Rita knows", by=ANNA)
    assert job.release is not None
    assert any("Rita" in one for one in job.release.override)


async def test_a_kill_after_the_row_loses_nothing_and_adds_nothing(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    def failpoint(passed: str) -> None:
        if passed == "switch.released":
            monkeypatch.undo()
            raise KilledError

    await platform.deploy(files=ONE_REVIEW)
    await platform.deploy("higher", app_with("reviews = 2"))
    request = wire.ReleaseRequest(deployment=2, seen=0, override=True, reason="now")
    await request_promote(platform.parts, ANNA, APP, request)
    job = (await platform.jobs())[-1]
    monkeypatch.setattr(switch, "failpoint", failpoint)
    with pytest.raises(KilledError):
        await switch.switch(platform.parts, job)
    await platform.quiet()
    assert platform.users_get() == "d2"
    history = await platform.history()
    for action in ("release.promote", "release.overridden", "gates.adopted"):
        assert len([line for line in history if action in line]) == 1
    assert (await shown(platform)).gates == {"reviews": 2}


async def test_what_a_kill_made_unknown_is_looked_at_again(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser has seen an app that never rests, and the process ends before the row."""

    class KilledError(Exception):
        pass

    def failpoint(passed: str) -> None:
        if passed == "switch.visited":
            monkeypatch.undo()
            raise KilledError

    await platform.deploy(files=app_with('checks = ["smoke"]'))
    platform.visitor.outcomes[f"//{HOST}"] = Visit(Outcome.busy, 30, "It never rested.")
    await request_promote(platform.parts, BEN, APP, wire.ReleaseRequest(deployment=1, seen=0))
    job = (await platform.jobs())[-1]
    monkeypatch.setattr(switch, "failpoint", failpoint)
    with pytest.raises(KilledError):
        await switch.switch(platform.parts, job)
    await platform.quiet()
    assert (await platform.jobs())[-1].error["code"] == "gate_closed"
    assert await platform.releases() == []


async def test_of_two_first_pushes_at_once_one_proposes(platform: Platform) -> None:
    await asyncio.gather(
        platform.push("a", ONE_REVIEW), platform.push("b", app_with("reviews = 2")), platform.push("c")
    )
    assert len([line for line in await platform.history() if "gates.proposed" in line]) == 1
    assert (await shown(platform)).gates["reviews"] in (1, 2)


# Canary


async def test_a_canary_is_gated_and_its_own_steps_are_not(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    await platform.deploy("feature-x", app_with("reviews = 2"))
    await demand(platform, reviews=1)
    with pytest.raises(GateClosed):
        await platform.promote(2, percent=10)
    guest = await judged(platform, 2, branch="feature-x")
    job = await platform.promote(2, percent=10)
    assert job.status == "done"
    assert (await shown(platform)).gates == {"reviews": 1}, "a share adopts nothing"
    await signed(platform, guest, 2, "rejected", seen=1)
    with pytest.raises(GateClosed, match="it was rejected"):
        await platform.promote(2, percent=50)
    with pytest.raises(GateClosed):
        await platform.promote(2)
    assert (await platform.promote(2, percent=0)).status == "done"


async def test_the_last_step_of_a_plan_adopts_what_its_bundle_proposed(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    await platform.deploy("feature-x", app_with("reviews = 2"))
    await demand(platform, reviews=1)
    await platform.promote(2, canary="10@10m", override=True, reason="known", by=ANNA)
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, APP)
        await canary.move_on(tx, app, Wish(), reason="nothing is worse", now=platform.clock())
    assert (await shown(platform)).why == "adopted with release 3, of d2"
    assert [row.override != [] for row in await platform.releases()] == [True, True, False]


async def test_a_plan_does_not_undo_what_was_set_while_it_ran(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    await platform.deploy("feature-x", app_with("reviews = 1"))
    await platform.promote(2, canary="10@10m")
    platform.clock.advance(60)
    await demand(platform, reviews=2, identified=True)
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, APP)
        await canary.move_on(tx, app, Wish(), reason="nothing is worse", now=platform.clock())
    assert (await shown(platform)).gates == {"reviews": 2, "identified": True}
