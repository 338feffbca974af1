"""Who may see and send what."""

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from tests.server.pages.platform import URL, Platform

from sandbox_server.pages import (
    apps,
    comments,
    deployments,
    login,
    overview,
    releases,
    reviewing,
    reviews,
    static,
    waker,
)
from sandbox_server.pages.dependencies import anyone, link_guest, page_caller

pytestmark = pytest.mark.anyio

ROUTES = [
    route
    for part in (apps, comments, deployments, login, overview, releases, reviewing, reviews, static, waker)
    for route in part.router.routes
    if isinstance(route, APIRoute)
]


def permissions(dependant: Dependant) -> list[object]:
    own = [dependant.call] if dependant.call in (anyone, link_guest, page_caller) else []
    return own + [found for inner in dependant.dependencies for found in permissions(inner)]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{min(route.methods)} {route.path}")
def test_every_page_declares_exactly_one_permission(route: APIRoute) -> None:
    assert len(permissions(route.dependant)) == 1


def test_only_login_and_files_of_the_package_are_open() -> None:
    own = [route for route in ROUTES if route not in waker.router.routes]
    assert {route.path for route in own if permissions(route.dependant) == [anyone]} == {
        "/login",
        "/login/{link}",
        "/static/{path:path}",
    }


def test_a_review_link_opens_the_reviewer_s_pages_and_nothing_else() -> None:
    opened = [route for route in ROUTES if permissions(route.dependant) == [link_guest]]
    assert opened == [route for route in ROUTES if route.path.startswith("/r/{token}")]


@pytest.mark.parametrize(
    "origin",
    [None, "null", "https://evil.test", "http://sandbox.localhost", "https://sandbox.localhost.evil.test"],
)
async def test_a_form_of_another_site_is_refused(platform: Platform, origin: str | None) -> None:
    await platform.log_in()
    headers = {"Origin": origin} if origin else {}
    answer = await platform.client.post(
        "/apps/sales-dashboard/rollback", data={"seen": 1, "to": 1}, headers=headers
    )
    assert answer.status_code == 403
    assert "did not come from a page of this server" in answer.text


async def test_every_page_tells_browsers_to_be_strict(platform: Platform) -> None:
    await platform.log_in()
    for path in ("/", "/login", "/nothing/here", "/apps/unknown", "/static/page.js"):
        headers = (await platform.client.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "geolocation=()" in headers["permissions-policy"]


async def test_an_app_cannot_use_a_session_that_is_none(platform: Platform) -> None:
    platform.client.cookies.set("__Host-sandbox", "guess", domain="sandbox.localhost")
    assert (await platform.client.get("/")).headers["location"] == "/login"
    assert (await platform.client.get("/live")).status_code == 303


async def test_what_no_database_keeps_is_refused_as_a_page(platform: Platform) -> None:
    await platform.log_in()
    address = await platform.client.get("/apps/sales-dashboard/reviews?branch=a%00b")
    form = await platform.client.post(
        "/apps/sales-dashboard/keep", data={"branch": "a\0b"}, headers={"Origin": URL}
    )
    for answer in (address, form):
        assert answer.status_code == 422
        assert answer.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "has a NUL in it" in address.text
    assert "not filled in as expected" in form.text
