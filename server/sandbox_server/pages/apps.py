"""One app: its release lane, how its sessions do, its branches, its history."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from sandbox_server.errors import NotFound
from sandbox_server.operations import drain, events, expire, follow, opinions, overview, running
from sandbox_server.operations.availability import availability
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.remove import remove_branch
from sandbox_server.pages import measured, spans, streams
from sandbox_server.pages.dependencies import PageCaller, PartsOf
from sandbox_server.pages.rendering import fragment, page
from sandbox_server.pages.route import PageRoute
from sandbox_server.wire import AppDetail, Branch

router = APIRouter(route_class=PageRoute, prefix="/apps/{app}")


@router.get("")
async def one_app(
    request: Request, _: PageCaller, parts: PartsOf, app: str, span: spans.Name = "hour"
) -> Response:
    values = await _values(parts, app)
    return page(request, "app.html", **values, **await _measured(parts, values["app"], span))


@router.get("/live")
async def one_app_live(
    request: Request, _: PageCaller, parts: PartsOf, app: str, span: spans.Name = "hour"
) -> Response:
    slowly = measured.Slowly(parts)

    async def render() -> streams.View:
        values = await _values(parts, app)
        values |= await slowly.see(lambda: _measured(parts, values["app"], span))
        return streams.View({name: fragment(file, **values) for name, file in _PARTS.items()})

    return streams.stream(streams.changes(request, render))


@router.get("/remove")
async def ask_removal(request: Request, _: PageCaller, parts: PartsOf, app: str, branch: str) -> Response:
    detail = await overview.app_detail(parts, app)
    return page(request, "remove.html", app=detail, branch=_branch_of(detail, branch))


@router.post("/remove")
async def remove(caller: PageCaller, parts: PartsOf, app: str, branch: Annotated[str, Form()]) -> Response:
    await remove_branch(parts, caller, app, branch)
    return RedirectResponse(f"/apps/{app}", status_code=303)


@router.post("/keep")
async def keep(caller: PageCaller, parts: PartsOf, app: str, branch: Annotated[str, Form()]) -> Response:
    await expire.keep(parts, caller, app, branch)
    return RedirectResponse(f"/apps/{app}", status_code=303)


_PARTS = {
    "app": "app.html",
    "figures": "figures.html",
    "now": "app_now.html",
    "branches": "app_branches.html",
}


async def _values(parts: Parts, app: str) -> dict[str, Any]:
    detail, releases = await overview.app_and_releases(parts, app)
    return {
        "app": detail,
        "releases": releases,
        "notices": await overview.list_notices(parts, app),
        "watch": await follow.show(parts, app),
        "running": await running.running(parts, app),
        "crashing": await running.crashing(parts, app),
        "draining": await drain.draining(parts, app),
        "opinions": await opinions.of_app(parts, app),
        "events": await events.list_events(parts, app=app, limit=20, steps=False),
    }


async def _measured(parts: Parts, app: AppDetail, span: spans.Name) -> dict[str, Any]:
    """What is made from thousands of rows, and changes slowly."""
    seen = await availability(parts, app.app)
    return {"availability": seen, **await measured.of_app(parts, app, span)}


def _branch_of(detail: AppDetail, name: str) -> Branch:
    for branch in detail.sandboxes:
        if branch.branch == name:
            return branch
    raise NotFound(f"{detail.app} has no branch {name}.")
