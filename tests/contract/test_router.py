"""What every router promises, over the real one and its twin in memory."""

from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import httpx
import pytest
from tests.integration.edge_parts import free_port

from sandbox_server.domain.edge import (
    Backend,
    ClearServer,
    DeleteEntry,
    Edge,
    Mode,
    Server,
    SetEntry,
    SetServer,
    Table,
    changes,
)
from sandbox_server.errors import RouterUnavailable
from sandbox_server.router import EdgeSettings, HAProxyRouter, MemoryRouter

pytestmark = pytest.mark.anyio

HOST = "sales.apps.localhost"
BEFORE = Edge(
    routes={HOST: "slot0", "asleep.apps.localhost": "waker"},
    pins={f"{HOST}|d1-aaaaaaaa": "slot0"},
    workers={f"{HOST}|00000000000000aa": "slot0/s1"},
    labels={"slot0": "d1-aaaaaaaa"},
    limits={"slot0": "20"},
    servers={Server("slot0", 1): Backend(IPv4Address("127.9.0.1"), Mode.up)},
)
AFTER = Edge(
    routes={HOST: "slot1"},
    pins={f"{HOST}|d1-aaaaaaaa": "slot0", f"{HOST}|d2-bbbbbbbb": "slot1"},
    workers={f"{HOST}|00000000000000aa": "slot0/s1", f"{HOST}|00000000000000bb": "slot1/s2"},
    labels={"slot0": "d1-aaaaaaaa", "slot1": "d2-bbbbbbbb"},
    shares={HOST: "10:slot0", "api.apps.localhost": "50:slot1:each"},
    limits={"slot0": "40", "slot1": "20"},
    servers={
        Server("slot0", 1): Backend(IPv4Address("127.9.0.1"), Mode.drain),
        Server("slot1", 2): Backend(IPv4Address("127.9.0.2"), Mode.up),
    },
)

AnyRouter = HAProxyRouter | MemoryRouter


@pytest.fixture(params=["haproxy", "memory"])
async def router(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyRouter]:
    made: AnyRouter = MemoryRouter(slots=4, servers_per_slot=3)
    if request.param == "haproxy":
        settings = EdgeSettings(port=free_port(), slots=4, servers_per_slot=3, max_connections=200)
        made = HAProxyRouter(tmp_path / "edge", settings)
    yield made
    await made.shutdown()


async def test_a_proxy_that_starts_is_what_is_wanted(router: AnyRouter) -> None:
    await router.prepare(BEFORE)
    assert await router.read() == BEFORE


async def test_prepare_keeps_a_proxy_that_runs(router: AnyRouter) -> None:
    await router.prepare(BEFORE)
    await router.prepare(AFTER)
    assert await router.read() == BEFORE


@pytest.mark.parametrize(
    ("now", "wanted"), [(BEFORE, AFTER), (AFTER, BEFORE), (AFTER, Edge()), (Edge(), AFTER)]
)
async def test_the_changes_lead_to_what_is_wanted(router: AnyRouter, now: Edge, wanted: Edge) -> None:
    await router.prepare(now)
    await router.execute(changes(now, wanted))
    assert await router.read() == wanted


async def test_every_change_may_come_twice(router: AnyRouter) -> None:
    await router.prepare(BEFORE)
    for steps in (changes(BEFORE, AFTER), changes(AFTER, Edge())):
        await router.execute([*steps, *steps])
        await router.execute(steps)
    assert await router.read() == Edge()


async def test_what_is_absent_counts_as_removed(router: AnyRouter) -> None:
    await router.prepare(BEFORE)
    await router.execute(
        [DeleteEntry(Table.routes, "nobody.apps.localhost"), ClearServer(Server("slot3", 3))]
    )
    assert await router.read() == BEFORE


async def test_a_server_may_get_another_address_and_mode(router: AnyRouter) -> None:
    await router.prepare(BEFORE)
    for mode in (Mode.drain, Mode.up):
        backend = Backend(IPv4Address("127.9.0.3"), mode)
        await router.execute([SetServer(Server("slot0", 1), backend)])
        assert (await router.read()).servers == {Server("slot0", 1): backend}


async def test_write_changes_files_only(router: AnyRouter) -> None:
    await router.prepare(BEFORE)
    await router.write(AFTER)
    assert await router.read() == BEFORE


async def test_a_start_after_write_is_what_was_written(router: AnyRouter) -> None:
    await router.prepare(BEFORE)
    await router.shutdown()
    await router.write(AFTER)
    await router.prepare(AFTER)
    assert await router.read() == AFTER


async def test_requests_are_counted_by_slot(router: AnyRouter) -> None:
    await router.prepare(BEFORE)
    assert await router.requests() == {}
    for agent in ("somebody", "somebody else", "the platform SandboxVisit/1"):
        await visit(router, agent)
    assert await router.requests() == {"slot0": (2, 2)}


async def visit(router: AnyRouter, agent: str) -> None:
    """Nobody is at the server's address, so the edge answers with 503."""
    if isinstance(router, MemoryRouter):
        if "SandboxVisit" not in agent:
            count, failed = (await router.requests()).get("slot0", (0, 0))
            router.set_requests("slot0", count + 1, failed + 1)
        return
    async with httpx.AsyncClient(trust_env=False) as client:
        port = router._wish.port
        answer = await client.get(f"http://127.0.0.1:{port}/", headers={"Host": HOST, "User-Agent": agent})
    assert answer.status_code == 503


async def test_nothing_to_do_is_done(router: AnyRouter) -> None:
    await router.prepare(BEFORE)
    await router.execute([])
    assert await router.read() == BEFORE


async def test_without_traffic_there_are_no_sessions(router: AnyRouter) -> None:
    await router.prepare(BEFORE)
    assert await router.sessions() == {}
    assert await router.visits() == {}


async def test_a_proxy_that_runs_is_healthy(router: AnyRouter) -> None:
    await router.prepare(Edge())
    facts = await router.facts()
    assert facts.healthy
    assert facts.version


async def test_a_proxy_that_does_not_run_cannot_be_asked(router: AnyRouter) -> None:
    await router.write(BEFORE)
    for question in (router.read, router.sessions, router.visits):
        with pytest.raises(RouterUnavailable):
            await question()
    with pytest.raises(RouterUnavailable):
        await router.execute([SetEntry(Table.routes, HOST, "slot1")])
    facts = await router.facts()
    assert not facts.healthy
    assert facts.notes


BAD = ["a b", "a;b", "a\nb", "a\r", "a'b", 'a"b', "a\\b", "", "a\0", "ä", "#a", "<<", "a,b", "x" * 500]


@pytest.mark.parametrize("word", BAD)
async def test_values_that_could_be_misread_are_refused_before_anything_is_changed(
    router: AnyRouter, word: str
) -> None:
    await router.prepare(BEFORE)
    good = SetEntry(Table.routes, HOST, "slot1")
    for bad in (SetEntry(Table.routes, word, "slot1"), SetEntry(Table.labels, "slot1", word)):
        with pytest.raises(ValueError, match="cannot be given"):
            await router.execute([good, bad])
    with pytest.raises(ValueError, match="cannot be given"):
        await router.execute([good, DeleteEntry(Table.pins, word)])
    with pytest.raises(ValueError, match="cannot be given"):
        await router.write(replace(BEFORE, routes={word: "slot0"}))
    assert await router.read() == BEFORE


async def test_places_that_do_not_exist_are_refused(router: AnyRouter) -> None:
    await router.prepare(BEFORE)
    backend = Backend(IPv4Address("127.9.0.3"), Mode.up)
    for server in (
        Server("slot4", 1),
        Server("slot0", 4),
        Server("slot0", 0),
        Server("control", 1),
        Server("slot01", 1),
    ):
        with pytest.raises(ValueError, match="There is no"):
            await router.execute([SetServer(server, backend)])
        with pytest.raises(ValueError, match="There is no"):
            await router.write(Edge(servers={server: backend}))
    for value in ("control", "slot9", "slot0/s1"):
        with pytest.raises(ValueError, match="There is no"):
            await router.execute([SetEntry(Table.routes, HOST, value)])
    for entry in (
        SetEntry(Table.workers, f"{HOST}|w", "slot0"),
        SetEntry(Table.shares, HOST, "10:slot9"),
        SetEntry(Table.limits, "slot9", "10"),
    ):
        with pytest.raises(ValueError, match="There is no"):
            await router.execute([entry])
    assert await router.read() == BEFORE


@pytest.mark.parametrize(
    "value", ["101:slot1", "-1:slot1", "01:slot1", "10", "10:waker", "10:slot1:all", "x:slot1"]
)
async def test_shares_that_say_nothing_are_refused(router: AnyRouter, value: str) -> None:
    await router.prepare(BEFORE)
    with pytest.raises(ValueError, match="says nothing"):
        await router.execute([SetEntry(Table.shares, HOST, value)])
    with pytest.raises(ValueError, match="says nothing"):
        await router.write(replace(BEFORE, shares={HOST: value}))
    assert await router.read() == BEFORE


@pytest.mark.parametrize("value", ["-1", "many", "1.5", "slot1"])
async def test_limits_that_are_no_number_are_refused(router: AnyRouter, value: str) -> None:
    await router.prepare(BEFORE)
    with pytest.raises(ValueError, match="says nothing"):
        await router.execute([SetEntry(Table.limits, "slot1", value)])
    assert await router.read() == BEFORE
