"""What the edge takes out of requests and answers, and what it refuses, with the real HAProxy."""

from dataclasses import replace

import pytest
from tests.integration.edge_parts import RELEASE, Kit, app_of, seen

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    "name",
    [
        "Shiny-Server-Credentials", "shiny_server_credentials", "RStudio-Connect-Credentials",
        "Posit-Connect-User-Session-Token", "X-SP-UserId", "x_sp_userid", "X-Forwarded-User",
        "X-Forwarded-Email", "Remote-User", "REMOTE_USER",
        "X-Remote-User", "X-Auth-Request-User", "X-Sandbox-User",
        "X-Sandbox-Deployment", "Forwarded", "X-Real-IP", "X-Forwarded-Prefix",
    ],
)  # fmt: skip
@pytest.mark.parametrize("host", [RELEASE, "sandbox.localhost", "asleep.apps.localhost"])
async def test_nobody_says_who_he_is_by_a_header(edge: Kit, name: str, host: str) -> None:
    got = seen(await edge.send(host, headers=[(name, "admin"), (name.lower(), "root"), ("X-Mine", "yes")]))
    assert name.lower() not in got
    assert got["x-mine"] == "yes"


async def test_the_forwarding_headers_are_the_edges_own(edge: Kit) -> None:
    lies = {"X_Forwarded_For": "8.8.8.8", "X_Forwarded_Proto": "https", "X_Forwarded_Host": "evil.com"}
    got = seen(await edge.get(RELEASE, **lies))
    assert got["x-forwarded-for"] == "127.0.0.1"
    assert got["x-forwarded-proto"] == "http"
    assert got["x-forwarded-host"] == got["host"] == RELEASE


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("sandbox_pin=d1-aaaaaaaa", None),
        ("a=1; sandbox_pin=x; b=2", "a=1; b=2"),
        ("sandbox_pin=x; b=2", "b=2"),
        ("a=1; __Host-sandbox=secret", "a=1"),
        ("a=1;sandbox_bucket=7;SANDBOX_x=1; __Secure-sandbox_y=2;b=2", "a=1;b=2"),
        ("mysandbox_pin=1; x=sandbox_pin", "mysandbox_pin=1; x=sandbox_pin"),
    ],
)
async def test_an_app_never_sees_the_platforms_cookies(edge: Kit, sent: str, received: str | None) -> None:
    assert seen(await edge.get(RELEASE, Cookie=sent)).get("cookie") == received


async def test_the_control_plane_keeps_its_cookies(edge: Kit) -> None:
    edge.control.answer_headers = [("Set-Cookie", "__Host-sandbox=1; Path=/; Secure")]
    answer = await edge.get("sandbox.localhost", Cookie="__Host-sandbox=secret")
    assert seen(answer)["cookie"] == "__Host-sandbox=secret"
    assert answer.headers["set-cookie"] == "__Host-sandbox=1; Path=/; Secure"


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ("a=1; Path=/; HttpOnly", "a=1; Path=/; HttpOnly"),
        ("a=1; Domain=apps.localhost; Secure", "a=1; Secure"),
        ("a=1;domain = .localhost", "a=1"),
        ("a=1; Domain=x; DOMAIN=apps.localhost; Domain=y", "a=1"),
        ("sandbox_pin=d2-bbbbbbbb; Path=/", ""),
        (" __host-Sandbox=x", ""),
        ("domain=1; Path=/", "domain=1; Path=/"),
    ],
)
async def test_an_apps_cookies_are_for_its_own_host_and_name(edge: Kit, said: str, passed: str) -> None:
    edge.apps[0].answer_headers = [("Set-Cookie", said), ("Set-Cookie", "b=2; Domain=apps.localhost")]
    answer = await edge.get(RELEASE)
    assert [value for value in answer.headers.get_list("set-cookie") if value] == [
        *([passed] if passed else []),
        "b=2",
    ]


async def test_an_app_cannot_claim_another_deployment(edge: Kit) -> None:
    edge.apps[0].answer_headers = [("X-Sandbox-Deployment", "d99"), ("X-Sandbox-Anything", "x")]
    answer = await edge.get(RELEASE)
    assert answer.headers.get_list("x-sandbox-deployment") == ["d1"]
    assert "x-sandbox-anything" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], "no-cache"),
        ([("Content-Type", "TEXT/HTML")], "no-cache"),
        ([("Cache-Control", "max-age=60")], "max-age=60"),
        ([("Expires", "0")], None),
        ([("Content-Type", "text/css")], None),
    ],
)
async def test_html_that_says_nothing_is_not_kept(
    edge: Kit, headers: list[tuple[str, str]], expected: str | None
) -> None:
    edge.apps[0].answer_headers = headers
    assert (await edge.get(RELEASE)).headers.get("cache-control") == expected


async def test_service_workers_are_refused(edge: Kit) -> None:
    assert (await edge.get(RELEASE, "/sw.js", Service_Worker="script")).status_code == 403


@pytest.mark.parametrize(
    "path", ["/__sandbox__/sessions", "/__sandbox__", "/x/__SANDBOX__/y", "/%5f_sandbox%5F_/z"]
)
async def test_the_runners_own_paths_are_not_for_users(edge: Kit, path: str) -> None:
    assert (await edge.get(RELEASE, path)).status_code == 404
    assert app_of(await edge.get("asleep.apps.localhost", path)) == "waker"


@pytest.mark.parametrize("shares", [{}, {RELEASE: "100:slot2"}, {RELEASE: "100:slot2:each"}])
async def test_the_page_that_wakes_an_app_finds_its_files_when_the_app_is_up(
    edge: Kit, shares: dict[str, str]
) -> None:
    await edge.go(replace(edge.wanted, shares=shares))
    for path in ("/__sandbox__/page/waker.js", "/__sandbox__/page/live"):
        assert app_of(await edge.get(RELEASE, path)) == "waker"
        assert app_of(await edge.get(RELEASE, path, Sec_Fetch_Dest="document")) == "waker"
    for path in ("/__sandbox__/pages", "/x/__sandbox__/page/waker.js", "/%5f_sandbox__/page/waker.js"):
        assert (await edge.get(RELEASE, path)).status_code == 404


@pytest.mark.parametrize("path", ["/__sandbox__/x%zz", "/%5f_sandbox%5F_/%", "/%4"])
async def test_what_cannot_be_decoded_reaches_no_app(edge: Kit, path: str) -> None:
    assert (await edge.get(RELEASE, path)).status_code == 400


@pytest.mark.parametrize("smuggled", ["a\r\nX-Sandbox-User: admin", "a\x00b", "a\nRemote-User: root"])
async def test_headers_cannot_be_smuggled_in_a_value(edge: Kit, smuggled: str) -> None:
    request = f"GET / HTTP/1.1\r\nHost: {RELEASE}\r\nX-Mine: {smuggled}\r\nConnection: close\r\n\r\n"
    _, answer = await edge.raw(request.encode("latin-1"))
    assert b"admin" not in answer
    assert b"root" not in answer
