"""How available releases are, and what their owners should know."""

from fastapi import APIRouter

from sandbox_server.api.dependencies import Limit, Member, PartsOf
from sandbox_server.operations import availability
from sandbox_server.wire_sessions import Availability, Notice

router = APIRouter(tags=["availability"])


@router.get("/notices")
async def open_notices(_: Member, parts: PartsOf) -> list[Notice]:
    return await availability.open_notices(parts)


@router.get("/apps/{app}/notices")
async def notices_of_app(_: Member, parts: PartsOf, app: str, limit: Limit = 50) -> list[Notice]:
    return await availability.notices_of(parts, app, limit)


@router.get("/apps/{app}/availability")
async def availability_of_app(_: Member, parts: PartsOf, app: str) -> Availability:
    return await availability.availability(parts, app)
