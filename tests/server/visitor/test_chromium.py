"""What only the real browser can show. Its pages come from a server on loopback."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.contract.shiny_pages import PAGE, Pages, shiny_pages
from tests.server.visitor.processes import browsers, folders, status_and_environment, until

from sandbox_server.visitor import ChromiumVisitor, Itinerary, Outcome

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

ME = os.getpid()
ROOT = Path(__file__).parents[3]

PROBES = """
const named = ["localhost", "x.localhost", "OWN"];
const hosts = [...named, "127.0.0.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433"];
const tries = hosts.flatMap((host) => [
  fetch(`http://${host}:PORT/`, {mode: "no-cors"}).catch(() => 0),
  new Promise((done) => {
    const socket = new WebSocket(`ws://${host}:PORT/`);
    socket.onclose = socket.onopen = done;
  }),
  new Promise((done) => {
    const image = new Image();
    image.onload = image.onerror = done;
    image.src = `http://${host}:PORT/`;
  }),
]);
for (const host of hosts) {
  const turn = [`turn:${host}:PORT?transport=tcp`, `turn:${host}:PORT?transport=udp`];
  const call = new RTCPeerConnection({
    iceServers: [{urls: `stun:${host}:PORT`}, {urls: turn, username: "u", credential: "c"}],
  });
  call.createDataChannel("d");
  call.createOffer().then((offer) => call.setLocalDescription(offer));
  tries.push(new Promise((done) => {
    call.onicegatheringstatechange = () => call.iceGatheringState === "complete" && done();
    setTimeout(done, 3000);
  }));
}
tries.push(fetch("http://other.apps.localhost:PORT/by-name", {mode: "no-cors"}).catch(() => 0));
Promise.all(tries).then(() => fetch("/tried")).then(() => add("p", "tried", "tried"));
"""


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    async with shiny_pages() as served:
        yield served


@pytest.fixture
async def visitor(pages: Pages) -> AsyncIterator[ChromiumVisitor]:
    made = ChromiumVisitor(pages.edge, "apps.localhost")
    yield made
    await made.close()
    assert (browsers(ME), folders(ME)) == ({}, [])


async def test_pages_and_sockets_carry_the_mark_and_the_pin(visitor: ChromiumVisitor, pages: Pages) -> None:
    await visitor.visit(Itinerary(pages.url("good"), pin="visit-" + "0" * 32))
    await visitor.visit(Itinerary(pages.url("good")))
    agents = pages.agents | pages.socket_agents
    assert len(agents) == 1
    assert agents.pop().endswith(" SandboxVisit/1")
    assert pages.cookies == {"", "sandbox_pin=visit-" + "0" * 32}


async def test_errors_that_pass_do_not_count(visitor: ChromiumVisitor, pages: Pages) -> None:
    for kind in ("passing", "once"):
        found = await visitor.visit(Itinerary(pages.url(kind)))
        assert (found.outcome, found.errors) == (Outcome.idle, ())
    assert (pages.page_loads["passing"], pages.page_loads["once"]) == (1, 2)


async def test_a_clock_on_the_page_does_not_keep_it_busy(visitor: ChromiumVisitor, pages: Pages) -> None:
    assert (await visitor.visit(Itinerary(pages.url("clock"), timeout=10))).outcome is Outcome.idle


async def test_a_wrong_selector_is_named(visitor: ChromiumVisitor, pages: Pages) -> None:
    found = await visitor.visit(Itinerary(pages.url("good"), wait_for="#map["))
    assert (found.outcome, found.reason) == (Outcome.failed, "`wait_for` is not a CSS selector: #map[.")


async def test_a_page_that_never_lets_go_is_left_at_the_timeout(
    visitor: ChromiumVisitor, pages: Pages
) -> None:
    pages.extra["loop"] = "<!doctype html><script>setTimeout(() => { for (;;) {} }, 100)</script>"
    assert (await visitor.visit(Itinerary(pages.url("loop"), timeout=2))).outcome is Outcome.failed
    assert (await visitor.visit(Itinerary(pages.url("good")))).outcome is Outcome.idle


async def test_dialogs_do_not_hold_it_up(visitor: ChromiumVisitor, pages: Pages) -> None:
    pages.extra["asks"] = PAGE.replace("<script>", "<script>alert(1); confirm(2);")
    assert (await visitor.visit(Itinerary(pages.url("asks"), timeout=20))).outcome is Outcome.idle


async def test_two_visits_at_a_time(visitor: ChromiumVisitor, pages: Pages) -> None:
    found = await asyncio.gather(*(visitor.visit(Itinerary(pages.url("good"))) for _ in range(4)))
    assert [visit.outcome for visit in found] == [Outcome.idle] * 4
    assert pages.open_most == 2
    assert len({command[-1] for command in browsers(ME).values() if "about:blank" in command}) == 1


async def test_a_page_reaches_nothing_but_the_edge(visitor: ChromiumVisitor, pages: Pages) -> None:
    async with listening() as (port, heard):
        pages.extra["prober"] = prober(port)
        found = await visitor.visit(Itinerary(pages.url("prober"), timeout=30, wait_for="#tried"))
        assert found.outcome is Outcome.idle
        assert {"/tried", "/by-name"} <= pages.paths
        assert heard == []


async def test_it_runs_as_an_unprivileged_user_without_our_environment(
    visitor: ChromiumVisitor, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_SECRET", "hunter2")
    await visitor.visit(Itinerary(pages.url("good")))
    running = browsers(ME)
    assert running
    looked_at = 0
    for process in running:
        try:
            status, environment = status_and_environment(process)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it belonged to the page, and ends with it
        looked_at += 1
        assert status["NoNewPrivs"] == "1"
        assert "hunter2" not in environment
        if os.geteuid() == 0:
            assert "0" not in status["Uid"].split()
            assert int(status["CapEff"], 16) == 0
    assert looked_at


async def test_it_leaves_when_idle_and_comes_back(pages: Pages) -> None:
    visitor = ChromiumVisitor(pages.edge, "apps.localhost", idle_after=0.2)
    await visitor.visit(Itinerary(pages.url("good")))
    await until(lambda: not browsers(ME) and not folders(ME))
    assert (await visitor.visit(Itinerary(pages.url("good")))).outcome is Outcome.idle
    await visitor.close()
    assert (browsers(ME), folders(ME)) == ({}, [])


async def test_a_crash_between_visits_is_noticed(visitor: ChromiumVisitor, pages: Pages) -> None:
    await visitor.visit(Itinerary(pages.url("good")))
    os.kill(leader(), signal.SIGKILL)
    assert (await visitor.visit(Itinerary(pages.url("good")))).outcome is Outcome.idle


async def test_a_crash_during_a_visit_is_made_good(visitor: ChromiumVisitor, pages: Pages) -> None:
    visiting = asyncio.create_task(visitor.visit(Itinerary(pages.url("good2"), timeout=20)))
    await until(lambda: pages.open_now == 1)
    os.kill(leader(), signal.SIGKILL)
    assert (await visiting).outcome is Outcome.idle
    assert pages.page_loads["good2"] == 2


async def test_a_cancelled_visit_leaves_room_for_the_next(visitor: ChromiumVisitor, pages: Pages) -> None:
    for _ in range(3):
        visiting = asyncio.create_task(visitor.visit(Itinerary(pages.url("busy"))))
        await until(lambda: pages.open_now == 1)
        visiting.cancel()
        await asyncio.wait([visiting])
        await until(lambda: pages.open_now == 0)
    assert (await visitor.visit(Itinerary(pages.url("good")))).outcome is Outcome.idle


async def test_closing_ends_a_visit_that_is_under_way(visitor: ChromiumVisitor, pages: Pages) -> None:
    visiting = asyncio.create_task(visitor.visit(Itinerary(pages.url("busy"))))
    await until(lambda: pages.open_now == 1)
    await visitor.close()
    assert (await visiting).reason == "The browser is closed: the platform stops."


async def test_a_killed_server_leaves_no_browser_and_the_next_one_no_folder(
    visitor: ChromiumVisitor, pages: Pages
) -> None:
    code = (
        "import asyncio, sys\n"
        "from sandbox_server.visitor import ChromiumVisitor, Itinerary\n"
        "visit = ChromiumVisitor(sys.argv[1], 'apps.localhost').visit(Itinerary(sys.argv[2]))\n"
        "asyncio.run(visit)"
    )
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, pages.edge, pages.url("busy"), cwd=ROOT
    )
    await until(lambda: pages.open_now == 1)
    assert browsers(server.pid)
    server.kill()
    await server.wait()
    await until(lambda: not browsers(server.pid))
    assert folders(server.pid)
    await visitor.visit(Itinerary(pages.url("good")))
    assert folders(server.pid) == []


def leader() -> int:
    return min(process for process, command in browsers(ME).items() if "about:blank" in command)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[str]]]:
    """A service of the host that no page may reach, by TCP and UDP on one port."""
    heard: list[str] = []

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append("tcp")
        writer.close()

    class OnPacket(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            heard.append("udp")

    server = await asyncio.start_server(on_connection, "0.0.0.0", 0)
    port = server.sockets[0].getsockname()[1]
    packets, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        OnPacket, ("0.0.0.0", port), family=socket.AF_INET
    )
    try:
        yield port, heard
    finally:
        packets.close()
        server.close()
        await server.wait_closed()


def prober(port: int) -> str:
    """A page that tries every way to a port of the host, then says so at its own host."""
    own = socket.gethostbyname(socket.gethostname())
    return PAGE.replace("<script>", "<script>" + PROBES.replace("PORT", str(port)).replace("OWN", own))
