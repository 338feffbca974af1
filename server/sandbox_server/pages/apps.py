"""One app: its release lane, its branches, its history."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from sandbox_server.errors import NotFound
from sandbox_server.operations import events, overview
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.remove import remove_branch
from sandbox_server.pages import streams
from sandbox_server.pages.dependencies import PageCaller, PartsOf
from sandbox_server.pages.rendering import fragment, page
from sandbox_server.pages.route import PageRoute
from sandbox_server.wire import AppDetail, Branch

router = APIRouter(route_class=PageRoute, prefix="/apps/{app}")


@router.get("")
async def one_app(request: Request, _: PageCaller, parts: PartsOf, app: str) -> Response:
    return page(request, "app.html", **await _values(parts, app))


@router.get("/live")
async def one_app_live(request: Request, _: PageCaller, parts: PartsOf, app: str) -> Response:
    async def render() -> streams.View:
        return streams.View({"app": fragment("app.html", **await _values(parts, app))})

    return streams.stream(streams.changes(request, render))


@router.get("/remove")
async def ask_removal(request: Request, _: PageCaller, parts: PartsOf, app: str, branch: str) -> Response:
    detail = await overview.app_detail(parts, app)
    return page(request, "remove.html", app=detail, branch=_branch_of(detail, branch))


@router.post("/remove")
async def remove(caller: PageCaller, parts: PartsOf, app: str, branch: Annotated[str, Form()]) -> Response:
    await remove_branch(parts, caller, app, branch)
    return RedirectResponse(f"/apps/{app}", status_code=303)


async def _values(parts: Parts, app: str) -> dict[str, object]:
    return {
        "app": await overview.app_detail(parts, app),
        "releases": await overview.list_releases(parts, app),
        "events": await events.list_events(parts, app=app, limit=20, steps=False),
    }


def _branch_of(detail: AppDetail, name: str) -> Branch:
    for branch in detail.sandboxes:
        if branch.branch == name:
            return branch
    raise NotFound(f"{detail.app} has no branch {name}.")
