"""Each rule of the edge, with the real HAProxy and plain clients."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from tests.integration.edge_parts import OTHER, RELEASE, Kit, app_of, drain, seen, up
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from sandbox_server.domain.edge import Server

pytestmark = pytest.mark.anyio

D2 = f"d2--{RELEASE}"
PAGE = {"Sec_Fetch_Dest": "document", "Accept": "text/html"}
ASSET = {"Sec_Fetch_Dest": "script"}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def tab(edge: Kit, host: str, path: str = "/websocket/", **headers: str) -> connect:
    """A WebSocket as a browser opens it; its address stays the host, the connection goes to the edge."""
    said = {"Origin": f"http://{host}:{edge.port}", **headers}
    origin = said.pop("Origin")
    return connect(
        f"ws://{host}:{edge.port}{path}",
        host="127.0.0.1",
        port=edge.port,
        origin=origin or None,  # type: ignore[arg-type]
        additional_headers=said,
        proxy=None,
    )


async def says(socket: ClientConnection, text: str = "hi") -> str:
    await socket.send(text)
    return str(await socket.recv())


# Hosts


async def test_the_control_planes_host_reaches_the_control_plane(edge: Kit) -> None:
    assert app_of(await edge.get("sandbox.localhost")) == "control"


async def test_no_route_takes_the_control_planes_host(edge: Kit) -> None:
    await edge.go(replace(edge.wanted, routes={**edge.wanted.routes, "sandbox.localhost": "slot1"}))
    answer = await edge.get("sandbox.localhost", Cookie="__Host-sandbox=secret")
    assert (app_of(answer), seen(answer)["cookie"]) == ("control", "__Host-sandbox=secret")


async def test_an_apps_host_reaches_its_instance(edge: Kit) -> None:
    answer = await edge.get(RELEASE)
    assert (app_of(answer), answer.headers["x-sandbox-deployment"]) == ("d1", "d1")


@pytest.mark.parametrize(
    "host", [RELEASE.upper(), f"{RELEASE}:8080", f"{RELEASE}.", "Sales.apps.localhost.:1"]
)
async def test_case_port_and_a_trailing_dot_do_not_matter(edge: Kit, host: str) -> None:
    assert app_of(await edge.get(host)) == "d1"


@pytest.mark.parametrize(
    "host", ["nobody.apps.localhost", "x" * 300, "localhost", "127.0.0.1", "sales.apps.localhost.evil.com"]
)
async def test_an_unknown_host_is_answered_by_the_edge_itself(edge: Kit, host: str) -> None:
    answer = await edge.get(host)
    assert answer.status_code == 404
    assert "Nothing is published here" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


async def test_an_unknown_host_is_told_so_in_json_to_who_wants_json(edge: Kit) -> None:
    answer = await edge.get("nobody.apps.localhost", Accept="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_a_host_with_nothing_running_reaches_the_waker(edge: Kit) -> None:
    assert app_of(await edge.get("asleep.apps.localhost", "/some/page", **PAGE)) == "waker"


async def test_an_empty_or_doubled_host_is_refused(edge: Kit) -> None:
    assert (await edge.raw(b"GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"))[0] == 404
    doubled = f"GET / HTTP/1.1\r\nHost: {RELEASE}\r\nHost: {OTHER}\r\nConnection: close\r\n\r\n"
    assert (await edge.raw(doubled.encode()))[0] == 400


async def test_a_target_that_names_another_host_is_refused(edge: Kit) -> None:
    request = f"GET http://{OTHER}/ HTTP/1.1\r\nHost: {RELEASE}\r\nConnection: close\r\n\r\n"
    assert (await edge.raw(request.encode()))[0] == 400


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
async def test_methods_that_no_app_needs_are_refused(edge: Kit, method: str) -> None:
    target = RELEASE + ":80" if method == "CONNECT" else "/"
    request = f"{method} {target} HTTP/1.1\r\nHost: {RELEASE}:80\r\nConnection: close\r\n\r\n"
    assert (await edge.raw(request.encode()))[0] in (400, 405)


# Page loads and their assets


async def test_a_page_sets_the_pin_of_its_slot(edge: Kit) -> None:
    answer = await edge.get(RELEASE, **PAGE)
    assert answer.headers["set-cookie"] == "sandbox_pin=d1-aaaaaaaa; Path=/; HttpOnly; SameSite=Lax"


async def test_assets_and_the_waker_set_no_pin(edge: Kit) -> None:
    assert "set-cookie" not in (await edge.get(RELEASE, "/shiny.js", **ASSET)).headers
    assert "set-cookie" not in (await edge.get("asleep.apps.localhost", **PAGE)).headers


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Sec_Fetch_Dest": "document"}, "d2"),
        ({"Sec_Fetch_Dest": "iframe", "Sec_Fetch_Site": "cross-site"}, "d2"),
        ({"Sec_Fetch_Dest": "iframe", "Sec_Fetch_Site": "same-site"}, "d2"),
        ({"Sec_Fetch_Dest": "iframe", "Sec_Fetch_Site": "same-origin"}, "d1"),
        ({"Sec_Fetch_Dest": "script", "Sec_Fetch_Mode": "navigate", "Accept": "text/html"}, "d1"),
        ({"Sec_Fetch_Dest": "empty", "Accept": "text/html"}, "d1"),
        ({"Accept": "text/html,*/*"}, "d2"),
        ({"Accept": "*/*"}, "d1"),
    ],
)
async def test_page_loads_go_to_the_release_and_the_rest_to_the_pages_own(
    edge: Kit, headers: dict[str, str], expected: str
) -> None:
    await switch(edge)
    answer = await edge.get(RELEASE, "/x", Cookie="a=1; sandbox_pin=d1-aaaaaaaa", **headers)
    assert app_of(answer) == expected
    assert answer.headers["x-sandbox-deployment"] == expected


async def test_a_post_follows_its_page(edge: Kit) -> None:
    await switch(edge)
    answer = await edge.get(RELEASE, method="POST", Cookie="sandbox_pin=d1-aaaaaaaa", Accept="text/html")
    assert app_of(answer) == "d1"


@pytest.mark.parametrize(
    "pin", ["d2-bbbbbbbb", "d7-cccccccc", "nonsense", "", "d1-aaaaaaaa|x", "x" * 3000, "%0a"]
)
async def test_a_pin_that_is_not_this_hosts_is_ignored(edge: Kit, pin: str) -> None:
    assert app_of(await edge.get(RELEASE, "/a.js", Cookie=f"sandbox_pin={pin}", **ASSET)) == "d1"
    assert app_of(await edge.get(RELEASE, Cookie=f"sandbox_pin={pin}", **PAGE)) == "d1"


async def test_a_visit_pin_reaches_the_candidate_also_for_pages_and_is_not_replaced(edge: Kit) -> None:
    pin = "visit-" + "0f" * 16
    await edge.go(replace(edge.wanted, pins={**edge.wanted.pins, f"{RELEASE}|{pin}": "slot2"}))
    page = await edge.get(RELEASE, Cookie=f"sandbox_pin={pin}", **PAGE)
    assert (app_of(page), "set-cookie" in page.headers) == ("d2", False)
    assert app_of(await edge.get(RELEASE, "/a.js", Cookie=f"sandbox_pin={pin}", **ASSET)) == "d2"
    elsewhere = await edge.get(OTHER, Cookie=f"sandbox_pin={pin}", **PAGE)
    assert (elsewhere.status_code, elsewhere.text) == (410, "This visit is over.")


# One instance by name


@pytest.mark.parametrize("path", ["/session/abc/download/file?w=w1", "/session/0f/upload/1?a=b&w=w1"])
async def test_downloads_reach_the_instance_that_served_the_page(edge: Kit, path: str) -> None:
    await switch(edge)
    assert app_of(await edge.get(RELEASE, path, **PAGE)) == "d1"


async def test_a_drained_instance_keeps_its_sessions_and_gets_no_pages(edge: Kit) -> None:
    d1, d2 = edge.apps[0], edge.apps[1]
    servers = {**edge.wanted.servers, Server("slot1", 1): drain(d1), Server("slot1", 2): up(d2)}
    await edge.go(replace(edge.wanted, servers=servers))
    assert {app_of(await edge.get(RELEASE, **PAGE)) for _ in range(10)} == {"d2"}
    assert app_of(await edge.get(RELEASE, "/session/1/download/x?w=w1")) == "d1"
    async with tab(edge, RELEASE, "/websocket/?w=w1") as socket:
        assert await says(socket) == "d1:hi"


@pytest.mark.parametrize("w", ["unknown", "w2", "w7", "", "w1|x", "w1%7Cx", "x" * 3000])
async def test_a_session_of_nobody_here_is_gone(edge: Kit, w: str) -> None:
    answer = await edge.get(RELEASE, f"/session/abc/download/x?w={w}")
    assert answer.status_code == 410
    assert "Reload the page" in answer.text


@pytest.mark.parametrize(
    "path", ["/report?w=unknown", "/session/notes/1?w=unknown", "/x/session/abc/upload/1?w=unknown"]
)
async def test_elsewhere_a_w_means_nothing(edge: Kit, path: str) -> None:
    assert app_of(await edge.get(RELEASE, path, **PAGE)) == "d1"


# WebSockets


async def test_a_websocket_goes_to_its_own_instance(edge: Kit) -> None:
    await switch(edge)
    async with tab(edge, RELEASE, "/websocket/?w=w1") as old, tab(edge, RELEASE) as new:
        assert (await says(old), await says(new)) == ("d1:hi", "d2:hi")


async def test_a_websocket_without_w_follows_the_pin(edge: Kit) -> None:
    await switch(edge)
    async with tab(edge, RELEASE, Cookie="sandbox_pin=d1-aaaaaaaa") as socket:
        assert await says(socket) == "d1:hi"


async def test_a_websocket_with_an_unknown_w_is_refused(edge: Kit) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await tab(edge, RELEASE, "/websocket/?w=unknown")
    assert refused.value.response.status_code == 410


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.com",
        f"http://{OTHER}",
        "null",
        f"http://{RELEASE}.evil.com",
        f"http://{RELEASE}:1",
        "file://",
    ],
)
async def test_a_websocket_of_a_foreign_page_is_refused(edge: Kit, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await tab(edge, RELEASE, Origin=origin)
    assert refused.value.response.status_code == 403


async def test_a_websocket_of_no_page_is_let_in(edge: Kit) -> None:
    async with tab(edge, RELEASE, Origin="") as socket:
        assert await says(socket) == "d1:hi"


async def test_two_origins_are_refused(edge: Kit) -> None:
    origins = f"Origin: http://evil.com\r\nOrigin: http://{RELEASE}\r\n"
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    upgrade += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    request = f"GET /websocket/ HTTP/1.1\r\nHost: {RELEASE}\r\n{origins}{upgrade}\r\n"
    assert (await edge.raw(request.encode()))[0] == 403


# Uploads


async def test_an_upload_of_any_size_passes(edge: Kit) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 1_000_000

    answer = await upload(edge, chunks())
    assert answer == 40_000_000


async def switch(edge: Kit) -> None:
    """Release d2; d1 stays for those who are on it."""
    await edge.go(
        replace(
            edge.wanted,
            routes={**edge.wanted.routes, RELEASE: "slot2"},
            pins={**edge.wanted.pins, f"{RELEASE}|d2-bbbbbbbb": "slot2"},
        )
    )


async def upload(edge: Kit, chunks: AsyncIterator[bytes]) -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        answer = await client.post(
            f"http://127.0.0.1:{edge.port}/session/1/upload/2?w=w1", headers={"Host": RELEASE}, content=chunks
        )
    size: int = answer.json()["body"]
    return size
