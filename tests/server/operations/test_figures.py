"""What is shown of a deployment, of a release, and to Prometheus."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse
from tests.server.cast import APP
from tests.server.platform import Platform
from tests.server.runner import Runner

from sandbox_server.domain.edge import Server
from sandbox_server.domain.instance import Scope
from sandbox_server.errors import NotFound
from sandbox_server.operations.figures import figures
from sandbox_server.operations.listen import listen
from sandbox_server.operations.metrics import metrics
from sandbox_server.operations.parts import Measured
from sandbox_server.store import visits
from sandbox_server.store.tables_seen import Visit

pytestmark = pytest.mark.anyio

Samples = dict[str, dict[tuple[str, str, str, str], float]]


async def released(platform: Platform, branch: str = "main") -> Runner:
    """A new deployment with all of the app's users."""
    number = await platform.deploy(branch)
    await platform.promote(number)
    return Runner(platform, await platform.instance(number, Scope.release))


async def use(platform: Platform, app: Runner, count: int = 1, seconds: float = 5) -> None:
    """So many sessions begin and end; the last one meets an error."""
    for n in range(count):
        app.start(f"s{len(app.events)}")
        if n == count - 1:
            app.error(next(iter(app.open)))
        app.end(next(iter(app.open)))
    platform.clock.advance(seconds)
    platform.parts.heard.clear()  # not to be taken for idle
    await listen(platform.parts)


async def scraped(platform: Platform) -> Samples:
    """By name, then by app, deployment, scope and released."""
    found: Samples = {}
    for family in parse(await metrics(platform.parts)):
        for sample in family.samples:
            labels = sample.labels
            key = (labels["app"], labels["deployment"], labels["scope"], labels["released"])
            found.setdefault(sample.name, {})[key] = sample.value
    return found


async def test_a_deployment_shows_its_minutes_and_their_total(platform: Platform) -> None:
    app = Runner(platform, await platform.instance(await platform.deploy()))
    await use(platform, app, 3, seconds=60)
    await use(platform, app, 1, seconds=60)
    shown = await figures(platform.parts, APP, 1, Scope.sandbox)
    assert (shown.deployment, shown.scope, shown.span) == (1, "sandbox", "minute")
    assert [(one.started, one.failed) for one in shown.points if one.started] == [(3, 1), (1, 1)]
    assert (shown.total.started, shown.total.errors, shown.total.p95) == (4, 2, 0.3)
    [fault] = shown.faults
    assert (fault.deployment, fault.place, fault.kind, fault.count) == (1, "output plot", "simpleError", 2)
    page, _, query = fault.log.partition("?")
    assert page == f"{platform.parts.settings.control_url}/apps/{APP}/deployments/1"
    minute = fault.last_at.replace(second=0)
    assert query == f"log=run&at={minute:%Y-%m-%dT%H%%3A%M%%3A00Z}"


async def test_a_release_is_one_whoever_had_it(platform: Platform) -> None:
    first = await released(platform)
    await use(platform, first, 2)
    second = await released(platform, "feature-x")
    await use(platform, second, 3)
    shown = await figures(platform.parts, APP, None)
    assert (shown.deployment, shown.scope) == (None, "release")
    assert shown.total.started == 5
    assert {fault.deployment for fault in shown.faults} == {1, 2}


async def test_hours_go_further_back(platform: Platform) -> None:
    app = await released(platform)
    await use(platform, app)
    platform.clock.advance(5 * 3600)
    assert (await figures(platform.parts, APP, None)).points == []
    shown = await figures(platform.parts, APP, 1, Scope.release, "hour")
    assert [one.started for one in shown.points if one.started] == [1]
    since = platform.clock() - timedelta(hours=6)
    assert (await figures(platform.parts, APP, 1, Scope.release, "minute", since)).total.started == 1


async def test_nothing_is_shown_of_what_is_not_there(platform: Platform) -> None:
    await platform.deploy()
    for number in (None, 1):
        shown = await figures(platform.parts, APP, number)
        assert (shown.points, shown.total.started, shown.total.p50) == ([], 0, None)
    with pytest.raises(NotFound):
        await figures(platform.parts, APP, 9)
    with pytest.raises(NotFound):
        await figures(platform.parts, "nothing", None)


async def test_prometheus_gets_the_same_figures(platform: Platform) -> None:
    app = await released(platform)
    await use(platform, app, 3)
    platform.people(app.row, 2)
    platform.router.set_requests(f"slot{app.row.slot}", 7, 1)
    await platform.reconcile()
    await listen(platform.parts)
    found = await scraped(platform)
    ours = (APP, "d1", "release", "true")
    assert found["sandbox_sessions_started_total"][ours] == 3
    assert found["sandbox_sessions_failed_total"][ours] == 1
    assert found["sandbox_session_errors_total"][ours] == 1
    assert found["sandbox_first_flush_seconds_count"][ours] == 3
    assert found["sandbox_first_flush_seconds_sum"][ours] == pytest.approx(0.75)
    assert found["sandbox_requests_total"][ours] == 7
    assert found["sandbox_refused_total"][ours] == 1
    assert found["sandbox_sessions"][ours] == 2
    assert found["sandbox_draining_sessions"][ours] == 0
    assert found["sandbox_instances"][ours] == 1
    assert found["sandbox_memory_bytes"][ours] > 0
    assert found["sandbox_instances"][APP, "d1", "sandbox", "false"] == 1


async def test_counters_do_not_fall_when_the_server_or_the_day_ends(platform: Platform) -> None:
    app = await released(platform)
    await use(platform, app, 3)
    platform.parts.heard, platform.parts.measured = {}, Measured()
    platform.clock.advance(40 * 86400)
    await use(platform, app, 1)
    assert (await scraped(platform))["sandbox_sessions_started_total"][APP, "d1", "release", "true"] == 4


async def test_sessions_on_what_drains_are_told_apart(platform: Platform) -> None:
    app = await released(platform)
    platform.people(app.row, 2)
    await platform.reconcile()
    platform.parts.settings.keep_previous = 0
    await platform.promote(await platform.deploy("feature-x"))
    found = await scraped(platform)
    assert found["sandbox_draining_sessions"][APP, "d1", "release", "false"] == 2
    assert found["sandbox_draining_sessions"][APP, "d2", "release", "true"] == 0


async def test_an_unreadable_count_is_no_zero(platform: Platform) -> None:
    app = await released(platform)
    platform.router.set_sessions(Server(f"slot{app.row.slot}", app.row.server or 0), 2)
    platform.parts.observed.sessions = None
    found = await scraped(platform)
    assert "sandbox_sessions" not in found
    assert "sandbox_instances" in found


async def test_without_anything_there_is_nothing_to_tell(platform: Platform) -> None:
    assert await metrics(platform.parts) == ""


async def test_the_last_visit_says_if_a_release_is_up(platform: Platform) -> None:
    await released(platform)
    for ok in (True, False):
        async with platform.parts.store.write() as tx:
            visit = Visit(app_id=1, deployment_id=1, release=1, ok=ok, seconds=1.25, at=platform.clock())
            await visits.add(tx, visit)
        [up] = [
            family for family in parse(await metrics(platform.parts)) if family.name == "sandbox_release_up"
        ]
        [sample] = up.samples
        assert (sample.labels, sample.value) == ({"app": APP, "deployment": "d1"}, int(ok))
    platform.clock.advance(3600)
    assert "sandbox_release_up" not in await metrics(platform.parts)
