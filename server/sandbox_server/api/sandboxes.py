"""Sandboxes: who sleeps, what each costs, and which are needed no more."""

from fastapi import APIRouter

from sandbox_server.api.dependencies import Member, PartsOf
from sandbox_server.operations import expire, sandboxes
from sandbox_server.wire_sessions import BranchesGone, BranchesSeen, Kept, Sandbox

router = APIRouter(tags=["sandboxes"])


@router.get("/sandboxes")
async def list_sandboxes(_: Member, parts: PartsOf, app: str | None = None) -> list[Sandbox]:
    """Of one app or of all."""
    return await sandboxes.list_sandboxes(parts, app)


@router.post("/apps/{app}/branches")
async def see_branches(caller: Member, parts: PartsOf, app: str, seen: BranchesSeen) -> BranchesGone:
    """What a publisher's repository has. Sandboxes of branches that are merged or deleted go, with notice."""
    return await expire.branches_seen(parts, caller, app, seen)


@router.post("/apps/{app}/branches/keep")
async def keep_branch(caller: Member, parts: PartsOf, app: str, branch: str) -> Kept:
    return await expire.keep(parts, caller, app, branch)
