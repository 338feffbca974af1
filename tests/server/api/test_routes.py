"""Every route declares who may call it."""

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from tests.server.platform import assemble

from sandbox_server.api import dependencies as api
from sandbox_server.app import create_app, create_waker
from sandbox_server.pages import dependencies as pages
from sandbox_server.wire import API

OF_API = (api.member, api.anyone)
OF_PAGES = (pages.page_caller, pages.link_guest, pages.anyone)
MADE_BY_FASTAPI = {f"{API}/openapi.json", "/api/docs", "/api/docs/oauth2-redirect"}
"""They describe the API and show nothing of any app."""


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> list[FastAPI]:
    parts = assemble(tmp_path_factory.mktemp("home")).parts
    return [create_app(parts), create_waker(parts)]


def test_every_route_depends_on_exactly_one_permission(apps: list[FastAPI]) -> None:
    wrong = [
        route.path
        for app in apps
        for route in routes(app)
        if len(found(route.dependant, OF_API if of_api(route) else OF_PAGES)) != 1
        or len(found(route.dependant, OF_API + OF_PAGES)) != 1
    ]
    assert wrong == []


def test_nothing_is_mounted_beside_the_routes(apps: list[FastAPI]) -> None:
    others = {getattr(route, "path", "?") for app in apps for route in app.routes if not known(route)}
    assert others <= MADE_BY_FASTAPI


def test_the_api_is_open_for_its_health_only(apps: list[FastAPI]) -> None:
    open_ones = {route.path for route in routes(apps[0]) if found(route.dependant, (api.anyone,))}
    assert open_ones == {f"{API}/health"}


def test_all_routes_were_found(apps: list[FastAPI]) -> None:
    assert len([route for route in routes(apps[0]) if route.path.startswith("/api/")]) > 20
    assert len([route for route in routes(apps[0]) if not route.path.startswith("/api/")]) > 10
    assert len(routes(apps[1])) >= 3


def test_the_waker_has_no_route_of_the_api(apps: list[FastAPI]) -> None:
    assert not [route.path for route in routes(apps[1]) if route.path.startswith("/api")]


def of_api(route: APIRoute) -> bool:
    return route.path.startswith("/api/") or route.path == "/metrics"


def routes(app: FastAPI) -> list[APIRoute]:
    return [route for holder in app.routes for route in unfold(holder)]


def unfold(route: object) -> list[APIRoute]:
    """Newer frameworks keep an included router as one route that holds the others, sockets as they were."""
    if isinstance(route, APIRoute):
        return [route]
    inner = getattr(route, "effective_route_contexts", None)
    return [one if one.dependant else one.original_route for one in inner()] if inner else []


def known(route: object) -> bool:
    return isinstance(route, APIRoute) or hasattr(route, "effective_route_contexts")


def found(dependant: Dependant, wanted: tuple[object, ...]) -> list[object]:
    own = [dependant.call] if dependant.call in wanted else []
    return own + [call for inner in dependant.dependencies for call in found(inner, wanted)]
