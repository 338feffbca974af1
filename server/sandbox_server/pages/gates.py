"""An app's gates: what is in force and why, what branches propose, and the form of administrators."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from sandbox_server.operations import gates, gates_told, overview
from sandbox_server.pages import gates_form
from sandbox_server.pages.dependencies import PageCaller, PartsOf
from sandbox_server.pages.rendering import page
from sandbox_server.pages.route import PageRoute

router = APIRouter(route_class=PageRoute, prefix="/apps/{app}/gates")


@router.get("")
async def show_gates(request: Request, caller: PageCaller, parts: PartsOf, app: str) -> Response:
    found = await gates.gates_of(parts, app)
    return page(
        request, "gates.html",
        app=await overview.app_detail(parts, app), gates=found, may_set=caller.admin,
        proposals=await gates_told.proposals(parts, app), history=await gates_told.history(parts, app),
        form=gates_form.filled(found.gates),
    )  # fmt: skip


@router.post("")
async def set_gates(caller: PageCaller, parts: PartsOf, app: str, form: gates_form.GatesForm) -> Response:
    await gates.set_gates(parts, caller, app, gates_form.to_gates(form))
    return RedirectResponse(f"/apps/{app}/gates", status_code=303)
