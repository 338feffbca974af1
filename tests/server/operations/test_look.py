"""The platform's own visits to releases, and what follows from them."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.server.cast import APP, HELLO
from tests.server.platform import Platform, open_platform
from tests.server.runner import Runner

from sandbox_server.operations import edge, overview
from sandbox_server.operations.availability import availability, open_notices
from sandbox_server.operations.look import look
from sandbox_server.store import apps, visits
from sandbox_server.visitor.base import Itinerary, Outcome, OutputError, Visit

pytestmark = pytest.mark.anyio

EVERY = 300.0
RELEASE = f"//{APP}.apps"
GONE = Visit(Outcome.failed, 0.5, "No session came up within 20 s.")


async def released(platform: Platform, **files: str) -> None:
    await platform.promote(await platform.deploy(files={**HELLO, **files}))
    await edge.apply(platform.parts)
    platform.visitor.visited.clear()


async def later(platform: Platform, seconds: float = EVERY) -> None:
    platform.clock.advance(seconds)
    await look(platform.parts)


async def notices(platform: Platform) -> list[str]:
    return [notice.text for notice in await open_notices(platform.parts)]


@pytest.fixture(autouse=True)
async def no_pauses(platform: Platform) -> None:
    """A hiccup is waited for in real seconds, by the pause between two visits."""
    platform.parts.settings.visit_every = 0.5


async def test_each_release_is_visited_every_few_minutes_by_its_public_url(platform: Platform) -> None:
    platform.parts.settings.visit_every = EVERY
    await released(platform, **{"sandbox.toml": 'sla = "99,5 %"\n[smoke]\nwait_for = "#done"\n'})
    await later(platform, EVERY - 1)
    assert platform.visitor.visited == []
    await later(platform, 1)
    await later(platform, 1)
    assert platform.visitor.visited == [
        Itinerary(url=f"http://{APP}.apps.localhost:8080/", timeout=20, wait_for="#done")
    ]
    await later(platform)
    found = await availability(platform.parts, APP)
    assert (found.percent, found.promised, found.sla, found.visits) == (100, 99.5, "99,5 %", 2)
    assert found.last is not None
    assert (found.last.ok, found.last.release, found.last.deployment) == (True, 1, 1)
    assert [(day.visits, day.failed) for day in found.days] == [(2, 0)]
    assert await notices(platform) == []


async def test_nothing_is_visited_before_it_is_released_or_if_nobody_wants_it(platform: Platform) -> None:
    await platform.deploy()
    await edge.apply(platform.parts)
    platform.visitor.visited.clear()
    await later(platform)
    await released(platform)
    platform.parts.settings.visit_every = 0
    await later(platform)
    assert platform.visitor.visited == []
    found = await availability(platform.parts, APP)
    assert (found.percent, found.visits, found.last) == (None, 0, None)


async def test_trouble_is_told_with_what_r_said_of_our_own_visit_and_settled_when_it_is_over(
    platform: Platform,
) -> None:
    await released(platform)
    platform.clock.advance(60)
    row = (await platform.live(1))[-1]
    platform.runtime.say(row.name, "stderr", "Warning: Error in f: no such customer: Mr Miller")
    platform.visitor.outcomes[RELEASE] = GONE
    platform.clock.advance(EVERY)
    app = Runner(platform, row)
    app.start("ours", visit=True)
    app.error("ours", "output plot", "cannot open the connection")
    app.start("theirs")
    app.error("theirs", "output table")
    await look(platform.parts)
    (text,) = await notices(platform)
    assert text.startswith(f"{APP} does not work for its users: No session came up within 20 s.")
    assert text.endswith("\n\noutput plot: cannot open the connection")
    assert len(platform.visitor.visited) == 2
    await later(platform)
    assert len(await notices(platform)) == 1
    found = await availability(platform.parts, APP)
    assert [visit.ok for visit in found.troubles] == [False, False]
    assert (await overview.list_apps(platform.parts))[0].up is False
    platform.visitor.outcomes.clear()
    await later(platform)
    assert await notices(platform) == []
    assert [line.split()[1] for line in await platform.history()][-2:] == ["notice.opened", "notice.settled"]


async def test_one_hiccup_is_none(platform: Platform) -> None:
    await released(platform)
    platform.clock.advance(60)

    class Once(dict[str, Visit]):
        def items(self):  # type: ignore[no-untyped-def]
            return [(RELEASE, GONE)] if len(platform.visitor.visited) == 1 else []

    platform.visitor.outcomes = Once()
    await later(platform)
    assert len(platform.visitor.visited) == 2
    assert (await availability(platform.parts, APP)).percent == 100
    assert await notices(platform) == []


def errors(*outputs: str) -> Visit:
    return Visit(Outcome.idle, 1, errors=tuple(OutputError(name, f"no {name}") for name in outputs))


async def test_an_error_that_was_there_when_it_was_released_is_no_news(platform: Platform) -> None:
    platform.visitor.outcomes[RELEASE] = errors("plot")
    await released(platform)
    platform.clock.advance(60)
    await later(platform)
    assert await notices(platform) == []
    platform.visitor.outcomes[RELEASE] = errors("plot", "table", "map")
    await later(platform)
    (text,) = await notices(platform)
    assert "Output table shows an error: no table 1 more outputs have errors." in text


async def test_a_session_that_still_computes_is_there(platform: Platform) -> None:
    await released(platform)
    platform.visitor.outcomes[RELEASE] = Visit(Outcome.busy, 20, "The page was still busy after 20 s.")
    await later(platform)
    assert (await availability(platform.parts, APP)).percent == 100


async def test_without_a_browser_nothing_is_known(platform: Platform) -> None:
    await released(platform)
    platform.visitor.why_not = "There is no Chromium."
    await later(platform)
    assert (await availability(platform.parts, APP)).visits == 0
    platform.visitor.why_not = ""
    await later(platform, 1)
    assert platform.visitor.visited == []
    await later(platform, 60)
    assert len(platform.visitor.visited) == 1


async def test_what_does_not_run_is_told_so(platform: Platform) -> None:
    await released(platform)
    platform.clock.advance(60)
    assert platform.parts.applied is not None
    platform.parts.applied.routes[f"{APP}.apps.localhost"] = "waker"
    platform.visitor.outcomes[RELEASE] = Visit(
        Outcome.failed, 10, "The page never connected: it has no Shiny in it."
    )
    await later(platform)
    assert (await notices(platform))[0].startswith(f"{APP} does not work for its users: It is not running.")


async def test_a_release_that_sleeps_is_left_asleep(platform: Platform) -> None:
    await released(platform)
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, APP)
        app.asleep_since = platform.clock() + timedelta(seconds=1)
        tx.add(app)
    await later(platform)
    assert platform.visitor.visited == []


async def test_a_removed_app_is_visited_no_more(platform: Platform) -> None:
    await released(platform)
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, APP)
        app.removed_at = platform.clock()
        tx.add(app)
    await later(platform)
    assert platform.visitor.visited == []


async def test_what_was_seen_of_a_release_that_has_gone_meanwhile_counts_for_nothing(
    platform: Platform,
) -> None:
    await released(platform)
    second = await platform.deploy(files={**HELLO, "x.R": ""})
    stale = platform.visitor

    class Switching:
        async def visit(self, itinerary: Itinerary) -> Visit:
            platform.parts.visitor = stale
            await platform.promote(second)
            return GONE

    platform.parts.visitor = Switching()  # type: ignore[assignment]
    await later(platform)
    assert (await availability(platform.parts, APP)).visits == 0
    assert await notices(platform) == []


async def test_right_after_the_servers_start_trouble_is_counted_and_not_told(platform: Platform) -> None:
    platform.parts.settings.visit_every = 30
    await released(platform)
    platform.parts.up_since = platform.parts.ticks() + 20
    platform.visitor.outcomes[RELEASE] = GONE
    await later(platform, 30)
    assert (await availability(platform.parts, APP)).percent == 0
    assert await notices(platform) == []
    await later(platform, 30)
    assert len(await notices(platform)) == 1


async def test_many_that_are_due_are_visited_one_after_the_other(
    tmp_path: Path, empty_database: Path
) -> None:
    async with open_platform(tmp_path, empty_database, visit_every=0.2) as platform:
        await released(platform)
        await platform.push(app="other", files={**HELLO, "y.R": ""})
        await platform.quiet()
        busy = 0

        class Counting:
            async def visit(self, itinerary: Itinerary) -> Visit:
                nonlocal busy
                busy += 1
                assert busy == 1
                busy -= 1
                return Visit(Outcome.idle, 0)

        platform.parts.visitor = Counting()  # type: ignore[assignment]
        await later(platform)
        assert (await availability(platform.parts, APP)).visits == 1


async def test_old_visits_are_forgotten(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    await released(platform)
    monkeypatch.setattr(visits, "MOST", 3)
    for _ in range(5):
        await later(platform)
    assert (await availability(platform.parts, APP)).visits == 3
    async with platform.parts.store.write() as tx:
        await visits.forget(tx, platform.clock() - timedelta(seconds=EVERY))
    assert (await availability(platform.parts, APP)).visits == 2
