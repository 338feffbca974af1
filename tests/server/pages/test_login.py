"""Logging in and out."""

import pytest
from tests.server.pages.platform import ANNA, URL, Platform

from sandbox_server.operations import login
from sandbox_server.pages.session import COOKIE, local_path

pytestmark = pytest.mark.anyio


async def test_a_token_logs_in_and_leads_back(platform: Platform) -> None:
    first = await platform.client.get("/apps/sales-dashboard?x=1")
    assert first.status_code == 303
    assert first.headers["location"] == "/login?next=%2Fapps%2Fsales-dashboard%3Fx%3D1"
    fields = {"token": platform.token, "next": "/apps/sales-dashboard?x=1"}
    answer = await platform.client.post("/login", data=fields, headers={"Origin": URL})
    assert answer.headers["location"] == "/apps/sales-dashboard?x=1"


async def test_the_cookie_is_for_this_host_only_and_out_of_reach_of_scripts(platform: Platform) -> None:
    answer = await platform.client.post("/login", data={"token": platform.token}, headers={"Origin": URL})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-sandbox=")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"):
        assert part in cookie
    assert "Domain" not in cookie


async def test_a_wrong_token_is_refused_with_a_hint(platform: Platform) -> None:
    answer = await platform.client.post("/login", data={"token": "wrong"}, headers={"Origin": URL})
    assert answer.status_code == 401
    assert "This token is not valid, or it has expired." in answer.text
    assert COOKIE not in answer.headers.get("set-cookie", "")


async def test_a_link_only_shows_a_button_and_works_once(platform: Platform) -> None:
    path = (await login.make_link(platform.parts, ANNA)).url.removeprefix(URL)
    for _ in range(2):
        assert "Log in as anna" in (await platform.client.get(path)).text
    assert await platform.post(path) == 303
    assert await platform.post(path) == 401
    assert (await platform.client.get(path)).status_code == 401


async def test_logging_out_ends_the_session_on_the_server(platform: Platform) -> None:
    await platform.log_in()
    secret = platform.client.cookies[COOKIE]
    assert await platform.post("/logout") == 303
    platform.client.cookies.set(COOKIE, secret, domain="sandbox.localhost")
    assert (await platform.client.get("/")).status_code == 303


async def test_the_secret_of_a_link_is_in_no_log(
    platform: Platform, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = (await login.make_link(platform.parts, ANNA)).url.removeprefix(URL)
    monkeypatch.setattr(platform.parts, "clock", lambda: 1 / 0)
    answer = await platform.client.get(path)
    assert "Something unexpected happened" in answer.text
    assert "page /login/{link} failed" in caplog.text
    assert path not in caplog.text


@pytest.mark.parametrize(
    "wanted", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:1", "", "/\nx"]
)
def test_a_login_leads_nowhere_else(wanted: str) -> None:
    assert local_path(wanted) == "/"
