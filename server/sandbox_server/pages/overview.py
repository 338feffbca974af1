"""All apps at a glance."""

from fastapi import APIRouter, Request, Response

from sandbox_server.operations import opinions, overview
from sandbox_server.operations.parts import Parts
from sandbox_server.pages import streams
from sandbox_server.pages.dependencies import PageCaller, PartsOf
from sandbox_server.pages.rendering import fragment, page
from sandbox_server.pages.route import PageRoute

router = APIRouter(route_class=PageRoute)


@router.get("/")
async def all_apps(request: Request, _: PageCaller, parts: PartsOf) -> Response:
    return page(request, "overview.html", **await _values(parts))


@router.get("/live")
async def all_apps_live(request: Request, _: PageCaller, parts: PartsOf) -> Response:
    async def render() -> streams.View:
        return streams.View({"apps": fragment("apps.html", **await _values(parts))})

    return streams.stream(streams.changes(request, render))


async def _values(parts: Parts) -> dict[str, object]:
    return {
        "apps": await overview.list_apps(parts),
        "open_comments": await opinions.open_comments(parts),
        "control_url": parts.settings.control_url,
    }
