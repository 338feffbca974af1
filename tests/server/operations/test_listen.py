"""What runners say becomes figures: once, whoever is killed, and whatever they say."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import func, select
from tests.server.platform import Platform
from tests.server.runner import Runner

from sandbox_server.domain.figures import Counts, total
from sandbox_server.domain.instance import Scope
from sandbox_server.operations import listen as listening
from sandbox_server.operations.listen import hear, keep, listen, notify
from sandbox_server.operations.parts import Measured
from sandbox_server.operations.retire import retire
from sandbox_server.store import figures
from sandbox_server.store.tables_seen import Fault, Metric

pytestmark = pytest.mark.anyio


async def runner(platform: Platform, scope: Scope = Scope.sandbox) -> Runner:
    """Of a deployment that is ready."""
    number = await platform.deploy()
    if scope is Scope.release:
        await platform.promote(number)
    return Runner(platform, await platform.instance(number, scope))


async def counted(platform: Platform, scope: Scope = Scope.sandbox) -> Counts:
    """All in the last hours, of the first deployment."""
    now = platform.clock()
    async with platform.parts.store.read() as tx:
        found = await figures.points(tx, [1], scope, "minute", now - timedelta(hours=9), now + timedelta(1))
    return total(counts for _, counts in found)


async def faults(platform: Platform) -> list[tuple[str, int, str]]:
    async with platform.parts.store.read() as tx:
        return [(row.place, row.count, row.message) for row in await figures.faults(tx, [1], "sandbox")]


async def round_after(platform: Platform, seconds: float = 5) -> None:
    platform.clock.advance(seconds)
    await listen(platform.parts)


async def test_sessions_become_figures(platform: Platform) -> None:
    app = await runner(platform)
    app.start("a")
    app.start("b", flush=1.2)
    app.error("b", "output plot")
    app.end("a")
    await round_after(platform)
    found = await counted(platform)
    assert (found.started, found.ended, found.failed, found.errors) == (2, 1, 1, 1)
    assert (found.sessions, found.quantile(0.5), found.quantile(0.95)) == (2, 0.3, 1.5)
    assert found.memory == 90 * 1024 * 1024
    assert await faults(platform) == [("output plot", 1, "")]


async def test_scopes_are_counted_apart(platform: Platform) -> None:
    app = await runner(platform, Scope.release)
    app.start()
    await round_after(platform)
    assert (await counted(platform, Scope.release)).started == 1
    assert (await counted(platform)).started == 0


async def test_nothing_is_counted_twice(platform: Platform) -> None:
    app = await runner(platform)
    app.start()
    for _ in range(3):
        await round_after(platform)
    assert app.asked[-1] == "GET /__sandbox__/report?after=2"
    assert (await counted(platform)).started == 1


async def test_nothing_is_counted_twice_after_a_kill_of_the_server(platform: Platform) -> None:
    app = await runner(platform)
    app.start()
    await round_after(platform)
    platform.parts.heard, platform.parts.measured = {}, Measured()
    app.end()
    await round_after(platform)
    found = await counted(platform)
    assert (found.started, found.ended) == (1, 1)


async def test_an_older_answer_that_comes_late_is_left_out(platform: Platform) -> None:
    app = await runner(platform)
    app.start()
    late = await hear(platform.parts, app.row)
    assert late is not None
    app.end()
    await round_after(platform)
    await keep(platform.parts, app.row, late)
    await round_after(platform)
    found = await counted(platform)
    assert (found.started, found.ended) == (1, 1)


async def test_the_platforms_own_visits_are_left_out(platform: Platform) -> None:
    app = await runner(platform)
    app.start("v", visit=True)
    app.error("v", "output plot", "object 'x' not found")
    app.end("v")
    await round_after(platform)
    found = await counted(platform)
    assert (found.started, found.ended, found.errors, found.flushes, found.sessions) == (0, 0, 0, {}, 0)
    assert await faults(platform) == [("output plot", 0, "object 'x' not found")]


async def test_the_last_events_are_kept_when_an_instance_ends(platform: Platform) -> None:
    app = await runner(platform)
    await round_after(platform)
    app.start()
    app.error()
    app.end()
    await retire(platform.parts, await platform.instance(1))
    found = await counted(platform)
    assert (found.started, found.errors, found.ended) == (1, 1, 1)


async def test_a_silent_instance_is_not_waited_for_at_its_end(platform: Platform) -> None:
    app = await runner(platform)
    app.silent = True
    await round_after(platform)
    asked = platform.parts.heard[app.row.name].asked
    app.silent = False
    await retire(platform.parts, await platform.instance(1))
    assert app.asked == []
    assert platform.parts.heard[app.row.name].asked == asked


async def test_silence_is_remembered_from_its_first_moment(platform: Platform) -> None:
    app = await runner(platform)
    await round_after(platform)
    assert platform.parts.heard[app.row.name].silent_since is None
    app.silent = True
    await round_after(platform)
    since = platform.parts.heard[app.row.name].silent_since
    await round_after(platform)
    heard = platform.parts.heard[app.row.name]
    assert since is not None
    assert heard.silent_since == since
    assert heard.report is not None
    app.silent = False
    await round_after(platform)
    assert platform.parts.heard[app.row.name].silent_since is None


async def test_only_some_silent_ones_are_waited_for_in_each_round(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_AT_ONCE", 2)
    app = await runner(platform)
    others = [Runner(platform, await platform.instance(await platform.deploy(f"b{n}"))) for n in range(4)]
    asked: list[str] = []
    for other in others:
        platform.runtime.run(other.row.name, lambda *_, name=other.row.name: asked.append(name))
    await round_after(platform)
    assert len(asked) == 4
    asked.clear()
    for _ in range(2):
        app.start(f"s{len(app.events)}")
        await round_after(platform)
    assert sorted(asked) == sorted(other.row.name for other in others)
    assert (await counted(platform)).started == 2


async def test_idle_instances_are_asked_rarely(platform: Platform) -> None:
    app = await runner(platform)
    platform.clock.advance(listening.NEW)
    for _ in range(5):
        await round_after(platform)
    assert len(app.asked) == 1
    platform.parts.heard[app.row.name].asked -= listening.IDLE
    await round_after(platform)
    assert len(app.asked) == 2


async def test_instances_with_people_are_asked_each_time(platform: Platform) -> None:
    app = await runner(platform)
    platform.clock.advance(listening.NEW)
    await round_after(platform)
    platform.people(app.row, 1)
    await platform.reconcile()
    app.start()
    for _ in range(3):
        await round_after(platform)
    assert len(app.asked) == 4


async def test_idle_rounds_write_nothing(platform: Platform) -> None:
    await runner(platform)
    await round_after(platform)
    commits = platform.parts.store.commits
    for _ in range(20):
        await round_after(platform, 60)
    assert platform.parts.store.commits == commits


async def test_open_sessions_write_once_a_minute(platform: Platform) -> None:
    app = await runner(platform)
    app.start()
    await round_after(platform)
    commits = platform.parts.store.commits
    for _ in range(24):
        await round_after(platform, 5)
    assert platform.parts.store.commits - commits == 2


async def test_content_without_sessions_is_not_asked(platform: Platform) -> None:
    number = await platform.deploy(files={"index.html": "<p>hello"})
    row = await platform.instance(number)
    app = Runner(platform, row)
    await round_after(platform)
    assert app.asked == []
    assert row.name not in platform.parts.heard


async def test_ended_instances_are_forgotten(platform: Platform) -> None:
    app = await runner(platform)
    await round_after(platform)
    await retire(platform.parts, await platform.instance(1))
    await round_after(platform)
    assert app.row.name not in platform.parts.heard


async def test_requests_are_counted_for_whom_they_reached(platform: Platform) -> None:
    row = (await runner(platform)).row
    await round_after(platform)
    slot = f"slot{row.slot}"
    for count, refused in ((10, 1), (25, 1), (3, 0), (5, 2)):
        platform.router.set_requests(slot, count, refused)
        await round_after(platform)
    found = await counted(platform)
    assert (found.requests, found.refused) == (10 + 15 + 0 + 2, 1 + 0 + 0 + 2)
    assert found.memory > 0


async def test_requests_from_before_a_servers_start_are_not_counted_again(platform: Platform) -> None:
    row = (await runner(platform)).row
    platform.router.set_requests(f"slot{row.slot}", 1000, 10)
    await round_after(platform)
    platform.router.set_requests(f"slot{row.slot}", 1001, 10)
    await round_after(platform)
    assert (await counted(platform)).requests == 1


async def test_an_edge_that_does_not_answer_stops_nothing(platform: Platform) -> None:
    app = await runner(platform)
    app.start()
    platform.router.readable = False
    await round_after(platform)
    assert (await counted(platform)).started == 1


async def test_a_crash_is_counted(platform: Platform) -> None:
    app = await runner(platform)
    platform.runtime.crash(app.row.name)
    await platform.quiet()
    assert (await counted(platform)).crashes == 1


async def test_a_notice_reaches_the_instance(platform: Platform) -> None:
    app = await runner(platform)
    said = {"id": "n1", "kind": "drain", "at": 1.5, "text": "Your session ends at noon."}
    assert await notify(platform.parts, app.row, said)
    assert app.notices == [said]
    app.silent = True
    assert not await notify(platform.parts, app.row, said)


FORGED: list[dict[str, Any]] = [
    {"sessions": 10**6, "visits": 10**9, "memory": 2**52, "busy": 2**52, "uptime": 2**52},
    {"last": 2**52},
    {"last": 0},
    {"sessions": -1},
    {"events": "all of them"},
    {"events": [{"number": n, "kind": "start", "session": "x" * 10**4, "at": -n} for n in range(20)]},
    {"events": [None, 1, [], {}, {"kind": "start", "number": "one"}]},
]


@pytest.mark.parametrize("said", FORGED)
async def test_a_forged_report_spoils_its_own_figures_only(platform: Platform, said: dict[str, Any]) -> None:
    app = await runner(platform)
    other = Runner(platform, await platform.instance(await platform.deploy("feature-x")))
    app.said = said
    for session in ("a", "b", "c"):
        other.start(session)
        await round_after(platform)
    async with platform.parts.store.read() as tx:
        counts = await figures.total(
            tx, 2, "sandbox", platform.clock() - timedelta(hours=1), platform.clock()
        )
        spans = [row.at for row in await tx.exec(select(Metric).where(Metric.span != "ever"))]
    assert (counts.started, counts.sessions) == (3, 3)
    assert all(abs(at - platform.clock()) <= timedelta(hours=2) for at in spans)


@pytest.mark.parametrize("answer", [b"", b"no", b"[]", b"[" * 99_999, b"{" + b" " * 10**6, b"\xff\xfe"])
async def test_garbage_is_silence(platform: Platform, answer: bytes) -> None:
    app = await runner(platform)
    platform.runtime.run(app.row.name, lambda *_: answer)
    await round_after(platform)
    assert platform.parts.heard[app.row.name].silent_since is not None


async def test_endless_forged_events_stay_bounded(platform: Platform) -> None:
    app = await runner(platform)
    numbers = iter(range(1, 10**9))

    def forge(method: str, path: str, secret: str, body: bytes) -> bytes:
        fresh = [next(numbers) for _ in range(500)]
        events = [
            {"number": n, "kind": "error", "session": f"s{n}", "place": f"output {n}", "at": n * 97}
            for n in fresh
        ]
        return json.dumps({"last": events[-1]["number"], "sessions": 1, "events": events}).encode()

    platform.runtime.run(app.row.name, forge)
    for _ in range(20):
        await round_after(platform)
    async with platform.parts.store.read() as tx:
        assert (await tx.exec(select(func.count()).select_from(Fault))).one() <= figures.MOST_FAULTS
        assert (await tx.exec(select(func.count()).select_from(Metric))).one() <= 6
        kept = json.dumps((await platform.instance(1)).counted)
    assert len(kept) < 20_000


@pytest.mark.parametrize("jump", [-86400 * 400, -3600, 3600, 86400 * 400])
async def test_a_clock_that_jumps_puts_nothing_elsewhere(platform: Platform, jump: float) -> None:
    app = await runner(platform)
    app.start("a")
    await round_after(platform)
    platform.clock.advance(jump)
    app.start("b")
    app.end("a")
    await round_after(platform)
    await round_after(platform)
    async with platform.parts.store.write() as tx:
        await figures.tidy(tx, platform.clock())
        counts = list(await tx.exec(select(Metric).where(Metric.span != "ever")))
        [ever] = await tx.exec(select(Metric).where(Metric.span == "ever"))
    assert all(row.at <= platform.clock() for row in counts)
    assert (ever.counts["started"], ever.counts["ended"]) == (2, 1)
    assert all(value >= 0 for value in ever.counts.values() if not isinstance(value, dict))
