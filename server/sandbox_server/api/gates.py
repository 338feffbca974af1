"""What apps demand before a release, and whether a deployment has it."""

from fastapi import APIRouter

from sandbox_server.api.dependencies import Member, Number, PartsOf
from sandbox_server.operations import gates
from sandbox_server.wire_review import GateReport, Gates, GatesRequest

router = APIRouter(prefix="/apps/{app}", tags=["gates"])


@router.get("/gates")
async def show_gates(_: Member, parts: PartsOf, app: str) -> Gates:
    """What is in force."""
    return await gates.gates_of(parts, app)


@router.put("/gates")
async def set_gates(caller: Member, parts: PartsOf, app: str, request: GatesRequest) -> Gates:
    """In force at once; for administrators."""
    return await gates.set_gates(parts, caller, app, request)


@router.get("/deployments/{n}/gates")
async def show_gates_of_deployment(caller: Member, parts: PartsOf, app: str, n: Number) -> GateReport:
    """What is met and what is missing, just now."""
    return await gates.report(parts, caller, app, n)
