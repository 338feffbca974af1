"""What drains, and the end of it."""

from fastapi import APIRouter

from sandbox_server.api.dependencies import Member, Number, PartsOf
from sandbox_server.operations import drain
from sandbox_server.wire_sessions import Draining, DrainRequest

router = APIRouter(tags=["sessions"])


@router.get("/draining")
async def list_all_draining(_: Member, parts: PartsOf) -> list[Draining]:
    return await drain.draining(parts)


@router.get("/apps/{app}/draining")
async def list_draining(_: Member, parts: PartsOf, app: str) -> list[Draining]:
    return await drain.draining(parts, app)


@router.post("/apps/{app}/deployments/{n}/drain")
async def drain_deployment(
    caller: Member, parts: PartsOf, app: str, n: Number, request: DrainRequest
) -> list[Draining]:
    act = drain.cancel_drain if request.cancel else drain.request_drain
    return await act(parts, caller, app, n, request)
