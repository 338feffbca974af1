"""Traffic while the edge changes: switches, reloads, kills."""

import contextlib
import os
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import anyio
import httpx
import pytest
from tests.integration.edge_parts import RELEASE, Kit, app_of, drain, kit, released, up
from websockets.asyncio.client import connect

from sandbox_server.domain.edge import Server
from sandbox_server.errors import RouterUnavailable
from sandbox_server.router import HAProxyRouter, process, readings
from sandbox_server.router.socket import ask

pytestmark = pytest.mark.anyio

PAGE = {"Sec_Fetch_Dest": "document"}


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Kit]:
    async with kit(tmp_path / "edge") as made:
        await released(made)
        yield made


@dataclass
class Load:
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    stopped: bool = False


@contextlib.asynccontextmanager
async def load(edge: Kit, clients: int = 8) -> AsyncIterator[Load]:
    """Page loads without pause, on kept and on fresh connections."""
    seen = Load()
    async with anyio.create_task_group() as tasks:
        for number in range(clients):
            tasks.start_soon(_client, edge, seen, number % 2 == 0)
        try:
            yield seen
        finally:
            seen.stopped = True


async def _client(edge: Kit, seen: Load, fresh: bool) -> None:
    headers = {"Host": RELEASE, "Sec-Fetch-Dest": "document", **({"Connection": "close"} if fresh else {})}
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        while not seen.stopped:
            try:
                answer = await client.get(f"http://127.0.0.1:{edge.port}/", headers=headers)
                if answer.status_code != 200:
                    seen.failures.append(f"{answer.status_code} {answer.text[:200]}")
                else:
                    seen.answers[app_of(answer)] += 1
            except httpx.HTTPError as error:
                seen.failures.append(repr(error))


def session(edge: Kit, w: str = "w1", agent: str = "") -> connect:
    return connect(
        f"ws://{RELEASE}:{edge.port}/websocket/?w={w}",
        host="127.0.0.1",
        port=edge.port,
        user_agent_header=agent or None,
        proxy=None,
    )


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    with anyio.fail_after(20):
        while not await condition():  # noqa: ASYNC110 - nobody tells us
            await anyio.sleep(0.05)


async def test_fifty_switches_under_load_lose_no_request_and_no_session(edge: Kit) -> None:
    routes = edge.wanted.routes
    async with session(edge) as socket, load(edge) as seen:
        for number in range(50):
            slot, name = ("slot2", "d2") if number % 2 == 0 else ("slot1", "d1")
            await edge.go(replace(edge.wanted, routes={**routes, RELEASE: slot}))
            assert app_of(await edge.get(RELEASE, **PAGE)) == name
            await socket.send(str(number))
            assert await socket.recv() == f"d1:{number}"
    assert seen.failures == []
    assert seen.answers["d1"] > 0
    assert seen.answers["d2"] > 0


async def test_a_server_that_was_just_added_answers_the_very_next_request(edge: Kit) -> None:
    for number in range(20):
        app = await edge.app(f"n{number}")
        slot = f"slot{4 + number % 10}"
        await edge.go(
            replace(
                edge.wanted,
                routes={**edge.wanted.routes, RELEASE: slot},
                servers={**edge.wanted.servers, Server(slot, 1): up(app)},
            )
        )
        assert app_of(await edge.get(RELEASE, **PAGE)) == f"n{number}"


async def test_a_place_that_changes_hands_never_answers_with_its_former_owner(edge: Kit) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        for number in range(20):
            app = await edge.app(f"n{number}")
            await edge.go(replace(edge.wanted, servers={**edge.wanted.servers, Server("slot1", 1): up(app)}))
            for _ in range(5):
                answer = await client.get(f"http://127.0.0.1:{edge.port}/", headers={"Host": RELEASE})
                assert app_of(answer) == f"n{number}"


async def test_sessions_are_counted_also_in_a_process_from_before_a_reload(edge: Kit) -> None:
    place = Server("slot1", 1)
    async with session(edge) as before:
        await until(lambda: counted(edge, {place: 1}))
        reloaded = await reload(edge)
        assert len(readings.workers(await ask(edge.folder, "show proc")).old) == 1
        async with session(edge):
            await until(lambda: counted(edge, {place: 2}))
            assert await reloaded.sessions() == {place: 2}
            assert await reloaded.left_over() == {place: 1}
            await before.send("still here")
            assert await before.recv() == "d1:still here"
    await until(lambda: counted(edge, {}))
    assert await edge.router.left_over() == {}


async def test_restarts_of_the_proxys_own_process_keep_sessions_and_their_downloads(edge: Kit) -> None:
    async with session(edge) as socket:
        for number in range(3):
            before = readings.workers(await ask(edge.folder, "show proc"))
            os.kill(before.master, signal.SIGUSR2)
            await until(partial(has_other_worker, edge, before))
            await edge.router.prepare(edge.wanted)
            await socket.send(str(number))
            assert await socket.recv() == f"d1:{number}"
            assert app_of(await edge.get(RELEASE, "/session/1/x?w=w1")) == "d1"
            assert await edge.router.sessions() == {Server("slot1", 1): 1}


async def test_a_newer_program_takes_over_without_ending_a_session(edge: Kit, tmp_path: Path) -> None:
    newer = tmp_path / "haproxy"
    newer.write_text(
        f'#!/bin/sh\n[ "$1" != -v ] || exec echo HAProxy version 99.1\nexec {process.found("haproxy")} "$@"\n'
    )
    newer.chmod(0o755)
    before = readings.workers(await ask(edge.folder, "show proc"))
    async with session(edge) as socket:
        await HAProxyRouter(edge.folder, replace(edge.settings, program=str(newer))).prepare(edge.wanted)
        assert readings.workers(await ask(edge.folder, "show proc")).current != before.current
        await socket.send("x")
        assert await socket.recv() == "d1:x"


async def test_a_proxy_that_is_slow_to_answer_is_not_ended_for_that(edge: Kit) -> None:
    workers = readings.workers(await ask(edge.folder, "show proc"))
    async with session(edge) as socket, anyio.create_task_group() as tasks:
        os.kill(workers.master, signal.SIGSTOP)
        tasks.start_soon(edge.router.prepare, edge.wanted)
        await anyio.sleep(6)
        os.kill(workers.master, signal.SIGCONT)
        await socket.send("x")
        assert await socket.recv() == "d1:x"
    assert readings.workers(await ask(edge.folder, "show proc")) == workers


async def test_reloads_under_load_lose_no_request(edge: Kit) -> None:
    async with session(edge) as socket, load(edge) as seen:
        for number in range(3):
            await reload(edge, answer_timeout=500 + number)
            await anyio.sleep(0.3)
        await socket.send("x")
        assert await socket.recv() == "d1:x"
    assert seen.failures == []


async def test_a_switch_after_a_reload_is_seen_on_kept_connections_too(edge: Kit) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        url, headers = f"http://127.0.0.1:{edge.port}/", {"Host": RELEASE}
        assert app_of(await client.get(url, headers=headers)) == "d1"
        edge.router = await reload(edge)
        await edge.go(replace(edge.wanted, routes={**edge.wanted.routes, RELEASE: "slot2"}))
        assert app_of(await client.get(url, headers=headers)) == "d2"


async def test_a_draining_server_keeps_its_session_and_is_left_out_of_pages(edge: Kit) -> None:
    one, two = edge.apps[0], edge.apps[1]
    async with session(edge) as socket:
        servers = {**edge.wanted.servers, Server("slot1", 1): drain(one), Server("slot1", 2): up(two)}
        await edge.go(replace(edge.wanted, servers=servers))
        assert {app_of(await edge.get(RELEASE, **PAGE)) for _ in range(8)} == {"d2"}
        await socket.send("x")
        assert await socket.recv() == "d1:x"
        assert await edge.router.sessions() == {Server("slot1", 1): 1}


async def test_visits_are_counted_apart(edge: Kit) -> None:
    async with session(edge), session(edge, agent="Mozilla/5.0 SandboxVisit/1"):
        await until(lambda: counted(edge, {Server("slot1", 1): 2}))
        assert await edge.router.visits() == {"slot1": 1}
    await until(lambda: counted(edge, {}))
    assert await edge.router.visits() == {}


async def test_after_a_kill_the_files_alone_are_the_correct_edge(edge: Kit) -> None:
    one, two = edge.apps[0], edge.apps[1]
    wanted = replace(
        edge.wanted,
        routes={**edge.wanted.routes, RELEASE: "slot2"},
        servers={**edge.wanted.servers, Server("slot1", 1): drain(one), Server("slot2", 2): up(two)},
    )
    await edge.go(wanted)
    await kill(edge)
    process.start(edge.folder, "haproxy")
    await until(lambda: readable(edge.router))
    assert await edge.router.read() == wanted
    assert app_of(await edge.get(RELEASE, **PAGE)) == "d2"
    assert app_of(await edge.get(RELEASE, "/session/1/x?w=w1")) == "d1"


async def test_a_killed_proxy_says_so_and_is_started_again(edge: Kit) -> None:
    await kill(edge)
    with pytest.raises(RouterUnavailable):
        await edge.router.sessions()
    assert not (await edge.router.facts()).healthy
    await edge.router.prepare(edge.wanted)
    assert await edge.router.read() == edge.wanted
    assert (await edge.router.facts()).healthy


async def test_a_killed_worker_is_replaced_as_well(edge: Kit) -> None:
    worker = readings.workers(await ask(edge.folder, "show proc")).current[0]
    os.kill(worker, signal.SIGKILL)
    await until(lambda: unreadable(edge.router))
    await edge.router.prepare(edge.wanted)
    assert app_of(await edge.get(RELEASE, **PAGE)) == "d1"


async def test_a_killed_master_takes_its_workers_along_and_is_replaced(edge: Kit) -> None:
    before = readings.workers(await ask(edge.folder, "show proc"))
    os.kill(before.master, signal.SIGKILL)
    await until(lambda: unreadable(edge.router))
    await edge.router.prepare(edge.wanted)
    assert app_of(await edge.get(RELEASE, **PAGE)) == "d1"
    await until(lambda: gone(before))


async def test_a_reload_that_cannot_be_says_why_and_leaves_the_edge_as_it_was(edge: Kit) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(RouterUnavailable, match=f"Port {port} on 127.0.0.1 is taken"):
            await HAProxyRouter(edge.folder, replace(edge.settings, port=port)).prepare(edge.wanted)
        assert app_of(await edge.get(RELEASE, **PAGE)) == "d1"
        assert await edge.router.sessions() == {}
    edge.router = await reload(edge)
    assert app_of(await edge.get(RELEASE, **PAGE)) == "d1"


async def test_it_outlives_the_router_object_and_is_kept_by_the_next_one(edge: Kit) -> None:
    before = await ask(edge.folder, "show proc")
    await HAProxyRouter(edge.folder, edge.settings).prepare(edge.wanted)
    assert readings.workers(await ask(edge.folder, "show proc")) == readings.workers(before)


async def test_a_dead_instance_is_passed_over_where_another_one_lives(edge: Kit) -> None:
    one, two = edge.apps[0], edge.apps[1]
    await edge.go(replace(edge.wanted, servers={**edge.wanted.servers, Server("slot1", 2): up(two)}))
    await one.stop()
    edge.apps.remove(one)
    assert {app_of(await edge.get(RELEASE, **PAGE)) for _ in range(20)} == {"d2"}


async def test_where_no_instance_lives_the_page_tries_again(edge: Kit) -> None:
    await edge.go(replace(edge.wanted, servers={}))
    answer = await edge.get(RELEASE, **PAGE)
    assert answer.status_code == 503
    assert 'http-equiv="refresh"' in answer.text


async def test_a_session_of_a_dead_instance_is_not_given_to_another_one(edge: Kit) -> None:
    one, two = edge.apps[0], edge.apps[1]
    await edge.go(replace(edge.wanted, servers={**edge.wanted.servers, Server("slot1", 2): up(two)}))
    await one.stop()
    edge.apps.remove(one)
    assert (await edge.get(RELEASE, "/session/1/x?w=w1")).status_code == 503


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(RouterUnavailable, match=f"Port {port} on 127.0.0.1 is taken") as refused:
            async with kit(tmp_path / "edge", port=port):
                pass
        assert "SANDBOX_PORT" in refused.value.hint
    assert process.running(tmp_path / "edge") is None


async def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(RouterUnavailable, match="no program 'no-such-proxy'"):
        async with kit(tmp_path / "edge", program="no-such-proxy"):
            pass


async def test_a_configuration_that_cannot_be_is_explained(tmp_path: Path) -> None:
    with pytest.raises(RouterUnavailable, match="does not accept") as refused:
        async with kit(tmp_path / "edge", certificate=tmp_path / "missing.pem"):
            pass
    assert "missing.pem" in refused.value.detail


async def test_a_long_folder_with_a_space_is_no_hindrance(tmp_path: Path) -> None:
    folder = tmp_path / ("a long name " * 12) / "edge"
    async with kit(folder) as made:
        await released(made)
        assert app_of(await made.get(RELEASE, **PAGE)) == "d1"


async def test_after_shutdown_nothing_is_left(tmp_path: Path) -> None:
    async with kit(tmp_path / "edge") as made:
        workers = readings.workers(await ask(made.folder, "show proc"))
        await made.router.shutdown()
        await made.router.shutdown()
        await until(partial(gone, workers))


async def reload(edge: Kit, answer_timeout: float = 499) -> HAProxyRouter:
    """Another static configuration on the same folder."""
    router = HAProxyRouter(edge.folder, replace(edge.settings, answer_timeout=answer_timeout))
    await router.prepare(edge.wanted)
    assert await router.read() == edge.wanted
    return router


async def kill(edge: Kit) -> None:
    workers = readings.workers(await ask(edge.folder, "show proc"))
    for pid in (workers.master, *workers.all):
        os.kill(pid, signal.SIGKILL)
    with anyio.fail_after(10):
        while alive(workers):  # noqa: ASYNC110 - nobody tells us
            await anyio.sleep(0.02)


async def has_other_worker(edge: Kit, before: readings.Workers) -> bool:
    try:
        return readings.workers(await ask(edge.folder, "show proc")).current not in ([], before.current)
    except (RouterUnavailable, ValueError):  # between two lives
        return False


async def gone(workers: readings.Workers) -> bool:
    return not alive(workers)


def alive(workers: readings.Workers) -> bool:
    return any(Path(f"/proc/{pid}").exists() for pid in (workers.master, *workers.all))


async def counted(edge: Kit, expected: dict[Server, int]) -> bool:
    return await edge.router.sessions() == expected


async def readable(router: HAProxyRouter) -> bool:
    try:
        await router.read()
    except RouterUnavailable:
        return False
    return True


async def unreadable(router: HAProxyRouter) -> bool:
    return not await readable(router)
