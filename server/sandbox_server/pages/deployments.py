"""One deployment: its state, its logs as they are written, its events."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AwareDatetime

from sandbox_server.operations import events, overview
from sandbox_server.operations.cancel import cancel
from sandbox_server.operations.logs import Kind, read_log
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.restart import request_restart
from sandbox_server.pages import streams
from sandbox_server.pages.dependencies import Number, PageCaller, PartsOf
from sandbox_server.pages.rendering import fragment, page
from sandbox_server.pages.route import PageRoute
from sandbox_server.wire import Deployment, Status

router = APIRouter(route_class=PageRoute, prefix="/apps/{app}/deployments/{n}")


@router.get("")
async def one_deployment(
    request: Request, _: PageCaller, parts: PartsOf, app: str, n: Number, log: Kind | None = None
) -> Response:
    values = await _values(parts, app, n)
    kind = log or _telling_log(await overview.show_deployment(parts, app, n))
    lines = await read_log(parts, app, n, kind, tail=500)
    return page(request, "deployment.html", **values, kind=kind, lines=lines)


@router.get("/live")
async def one_deployment_live(
    request: Request,
    _: PageCaller,
    parts: PartsOf,
    *,
    app: str,
    n: Number,
    log: Kind = "run",
    after: AwareDatetime | None = None,
) -> Response:
    async def render() -> streams.View:
        values = await _values(parts, app, n)
        return streams.View(
            {name: fragment(f"deployment_{name}.html", **values) for name in ("head", "facts")}
        )

    lines = streams.log(parts, app, n, log, _resumed(request) or after)
    return streams.stream(streams.together(streams.changes(request, render), lines))


@router.post("/restart")
async def restart(caller: PageCaller, parts: PartsOf, app: str, n: Number) -> Response:
    await request_restart(parts, caller, app, n)
    return RedirectResponse(f"/apps/{app}/deployments/{n}", status_code=303)


@router.post("/cancel")
async def cancel_build(caller: PageCaller, parts: PartsOf, app: str, n: Number) -> Response:
    await cancel(parts, caller, app, n)
    return RedirectResponse(f"/apps/{app}/deployments/{n}", status_code=303)


async def _values(parts: Parts, app: str, n: int) -> dict[str, object]:
    return {
        "d": await overview.show_deployment(parts, app, n),
        "events": await events.list_events(parts, app=app, deployment=n, limit=30),
    }


def _resumed(request: Request) -> datetime | None:
    """Where a browser was when it lost the connection."""
    try:
        at = datetime.fromisoformat(request.headers.get("last-event-id", ""))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _telling_log(deployment: Deployment) -> Kind:
    """Before anything runs, and when nothing ever ran, the build's log tells more."""
    building = deployment.status in {Status.queued, Status.building}
    never_built = deployment.image is None
    return "build" if building or never_built else "run"
