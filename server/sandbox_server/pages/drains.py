"""End a deployment's instances although people are on them: what that means, and the request."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from sandbox_server.operations import drain, overview
from sandbox_server.pages import forms, sentences
from sandbox_server.pages.dependencies import Number, PageCaller, PartsOf
from sandbox_server.pages.rendering import page
from sandbox_server.pages.route import PageRoute
from sandbox_server.wire_sessions import DrainRequest, Scope

router = APIRouter(route_class=PageRoute, prefix="/apps/{app}/deployments/{n}/drain")


@router.get("")
async def ask_drain(
    request: Request, _: PageCaller, parts: PartsOf, app: str, n: Number, scope: Scope = "release"
) -> Response:
    deployment = await overview.show_deployment(parts, app, n)
    found = [row for row in await drain.draining(parts, app) if (row.deployment, row.scope) == (n, scope)]
    groups = sentences.drains(found)
    return page(request, "drain.html", d=deployment, scope=scope, group=groups[0] if groups else None)


@router.post("")
async def end(caller: PageCaller, parts: PartsOf, app: str, n: Number, form: forms.DrainForm) -> Response:
    await drain.request_drain(parts, caller, app, n, forms.to_drain(form))
    return RedirectResponse(f"/apps/{app}", status_code=303)


@router.post("/cancel")
async def cancel(
    caller: PageCaller, parts: PartsOf, app: str, n: Number, scope: forms.ScopeField
) -> Response:
    await drain.cancel_drain(parts, caller, app, n, DrainRequest(scope=scope))
    return RedirectResponse(f"/apps/{app}", status_code=303)
