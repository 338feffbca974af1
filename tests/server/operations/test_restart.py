"""Restart: fresh instances of the same image, and what is left if they do not come up."""

import pytest
from tests.server.cast import ANNA, APP
from tests.server.platform import Platform

from sandbox_server import wire
from sandbox_server.domain.instance import Scope
from sandbox_server.errors import ImageMissing
from sandbox_server.operations.cancel import cancel
from sandbox_server.operations.restart import request_restart
from sandbox_server.operations.wake import wake
from sandbox_server.visitor.base import Outcome, Visit

pytestmark = pytest.mark.anyio

CLOSED = Visit(Outcome.failed, 1, "The session closed.")


async def restart(platform: Platform, number: int = 1) -> wire.Job:
    return await platform.finished(await request_restart(platform.parts, ANNA, APP, number))


async def asleep(platform: Platform) -> None:
    """d1 sleeps, d2 is what main shows."""
    await platform.deploy()
    await platform.deploy()
    await platform.sleep(60)
    await platform.sleep(60)
    assert (await platform.status(1), await platform.live(1)) == ("asleep", [])


async def test_it_works(platform: Platform) -> None:
    await platform.deploy()
    old = await platform.instance(1)
    job = await restart(platform)
    assert job.status == "done"
    assert (await platform.instance(1)).id != old.id


async def test_what_users_have_gets_a_fresh_instance_too(platform: Platform) -> None:
    await platform.deploy()
    await platform.promote(1)
    old = await platform.instance(1, Scope.release)
    platform.people(old, 1)
    await restart(platform)
    assert (await platform.instance(1, Scope.release)).id != old.id
    assert platform.users_get() == "d1"
    assert old.name in await platform.running(), "somebody is still on it"


async def test_the_fresh_instance_gets_no_page_loads_before_it_was_visited(platform: Platform) -> None:
    await platform.deploy()
    old = await platform.instance(1)
    platform.visitor.outcomes["http://d1--"] = CLOSED
    await restart(platform)
    assert (await platform.instance(1)).slot == old.slot


async def test_an_instance_that_fails_its_visit_goes_and_the_old_one_stays(platform: Platform) -> None:
    await platform.deploy()
    old = await platform.instance(1)
    platform.visitor.outcomes["http://d1--"] = CLOSED
    job = await restart(platform)
    assert job.status == "failed"
    assert job.error is not None
    assert "The session closed" in job.error.message
    assert [row.id for row in await platform.live(1)] == [old.id]
    assert platform.permalink_shows(1) == "d1"
    assert any("instance.not_started" in told for told in await platform.history())


async def test_one_that_sleeps_and_does_not_start_sleeps_on_and_says_why(platform: Platform) -> None:
    await asleep(platform)
    platform.visitor.outcomes["http://d1--"] = CLOSED
    job = await restart(platform)
    shown = await platform.show(1)
    assert (job.status, shown.status) == ("failed", "asleep")
    assert shown.error is not None
    assert await platform.live(1) == []
    platform.visitor.outcomes.clear()
    assert (await platform.promote(1)).status == "done", "its image is as good as before"


async def test_cancelling_a_start_puts_it_back_to_sleep(platform: Platform) -> None:
    await asleep(platform)
    await request_restart(platform.parts, ANNA, APP, 1)
    await cancel(platform.parts, ANNA, APP, 1)
    await platform.quiet()
    assert await platform.status(1) == "asleep"
    assert (await restart(platform)).status == "done"


async def test_a_stranger_starts_what_sleeps_but_not_what_failed(platform: Platform) -> None:
    platform.visitor.outcomes["http://d1--"] = CLOSED
    await platform.deploy()
    await wake(platform.parts, f"d1--{APP}.apps.localhost")
    assert await platform.status(1) == "failed"


async def test_what_was_never_built_has_nothing_to_start(platform: Platform) -> None:
    platform.builder.now = None
    await platform.deploy()
    with pytest.raises(ImageMissing, match="d1 was never built") as caught:
        await restart(platform)
    assert "sandbox deploy" in caught.value.hint
