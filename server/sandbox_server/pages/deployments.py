"""One deployment: its state, its logs as they are written, its events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AwareDatetime

from sandbox_server.domain.instance import Scope
from sandbox_server.operations import events, opinions, overview, reviews
from sandbox_server.operations.cancel import cancel
from sandbox_server.operations.logs import Kind, read_around, read_log
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.restart import request_restart
from sandbox_server.pages import measured, spans, streams
from sandbox_server.pages.dependencies import Number, PageCaller, PartsOf
from sandbox_server.pages.rendering import fragment, page
from sandbox_server.pages.route import PageRoute
from sandbox_server.wire import Deployment, LogLine, Status

router = APIRouter(route_class=PageRoute, prefix="/apps/{app}/deployments/{n}")


@dataclass
class Seen:
    """Which figures a person looks at."""

    span: spans.Name = "hour"
    scope: Scope | None = None

    def scope_of(self, deployment: Deployment) -> Scope:
        return self.scope or (Scope.release if deployment.released else Scope.sandbox)


SeenBy = Annotated[Seen, Depends()]


@router.get("")
async def one_deployment(
    request: Request, _: PageCaller, parts: PartsOf, *,
    app: str, n: Number, log: Kind | None = None, at: AwareDatetime | None = None, seen: SeenBy,
) -> Response:  # fmt: skip
    values = await _values(parts, app, n)
    kind = log or _telling_log(values["d"])
    lines = await _lines(parts, app, n, kind, at)
    values |= await measured.of_deployment(parts, values["d"], seen.span, seen.scope_of(values["d"]))
    return page(request, "deployment.html", **values, kind=kind, lines=lines, at=at)


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
    seen: SeenBy,
) -> Response:
    figures = measured.Slowly(parts)

    async def render() -> streams.View:
        values = await _values(parts, app, n)
        scope = seen.scope_of(values["d"])
        values |= await figures.see(lambda: measured.of_deployment(parts, values["d"], seen.span, scope))
        return streams.View({name: fragment(file, **values) for name, file in _PARTS.items()})

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


_PARTS = {
    "head": "deployment_head.html",
    "facts": "deployment_facts.html",
    "verdicts": "deployment_verdicts.html",
    "figures": "figures.html",
}


async def _values(parts: Parts, app: str, n: int) -> dict[str, Any]:
    return {
        "d": await overview.show_deployment(parts, app, n),
        "verdicts": await reviews.verdicts_of(parts, app, n),
        "about": await opinions.of_deployment(parts, app, n),
        "events": await events.list_events(parts, app=app, deployment=n, limit=30),
    }


async def _lines(parts: Parts, app: str, n: int, kind: Kind, at: datetime | None) -> list[LogLine]:
    if at is None:
        return await read_log(parts, app, n, kind, tail=500)
    return await read_around(parts, app, n, kind, at)


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
