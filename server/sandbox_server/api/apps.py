"""Apps, their branches, releases, variables and history."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from sandbox_server.api.dependencies import Limit, MaybeNumber, Member, PartsOf
from sandbox_server.operations import (
    compare,
    events,
    follow,
    jobs,
    overview,
    promote,
    remove,
    rollback,
    variables,
)
from sandbox_server.wire import (  # fmt: skip
    App,
    AppDetail,
    Diff,
    Event,
    Job,
    Release,
    ReleaseRequest,
    Removed,
    RollbackRequest,
    Variables,
    VariablesSet,
)
from sandbox_server.wire_sessions import Watch

router = APIRouter(prefix="/apps", tags=["apps"])

Scope = Literal["sandbox", "release"]
Wait = Annotated[float, Query(ge=0, le=60)]


@router.get("")
async def list_apps(_: Member, parts: PartsOf) -> list[App]:
    return await overview.list_apps(parts)


@router.get("/{app}")
async def show_app(_: Member, parts: PartsOf, app: str) -> AppDetail:
    return await overview.app_detail(parts, app)


@router.delete("/{app}")
async def remove_app(caller: Member, parts: PartsOf, app: str) -> Removed:
    return await remove.remove_app(parts, caller, app)


@router.delete("/{app}/branches")
async def remove_branch(caller: Member, parts: PartsOf, app: str, branch: str) -> Removed:
    return await remove.remove_branch(parts, caller, app, branch)


@router.get("/{app}/releases")
async def list_releases(_: Member, parts: PartsOf, app: str) -> list[Release]:
    return await overview.list_releases(parts, app)


@router.post("/{app}/releases", status_code=202)
async def promote_deployment(
    caller: Member, parts: PartsOf, app: str, request: ReleaseRequest, wait: Wait = 0
) -> Job:
    """With `wait`, the answer comes when the switch is over, or after as many seconds."""
    job = await promote.request_promote(parts, caller, app, request)
    return await jobs.ended(parts, job.job, wait)


@router.post("/{app}/rollback", status_code=202)
async def roll_back(
    caller: Member, parts: PartsOf, app: str, request: RollbackRequest, wait: Wait = 0
) -> Job:
    """As for a promote."""
    job = await rollback.request_rollback(parts, caller, app, request)
    return await jobs.ended(parts, job.job, wait)


@router.get("/{app}/watch")
async def watch_release(
    _: Member, parts: PartsOf, app: str, seen: MaybeNumber = None, wait: Wait = 0
) -> Watch:
    """How the newest release does beside the one before. With `seen`, the answer comes when it changes."""
    return await follow.show(parts, app, seen, wait)


@router.get("/{app}/diff")
async def diff(
    _: Member,
    parts: PartsOf,
    app: str,
    a: MaybeNumber = None,
    b: MaybeNumber = None,
    branch: str | None = None,
) -> Diff:
    return await compare.compare(parts, app, a, b, branch)


@router.get("/{app}/events")
async def list_events(_: Member, parts: PartsOf, app: str, limit: Limit = 100) -> list[Event]:
    await overview.app_detail(parts, app)
    return await events.list_events(parts, app, limit=limit)


@router.get("/{app}/variables")
async def list_variables(
    _: Member, parts: PartsOf, app: str, scope: Scope | None = None, branch: str | None = None
) -> Variables:
    return await variables.list_variables(parts, app, scope, branch)


@router.put("/{app}/variables")
async def set_variables(caller: Member, parts: PartsOf, app: str, request: VariablesSet) -> Variables:
    return await variables.set_variables(parts, caller, app, request)


@router.delete("/{app}/variables/{name}")
async def remove_variable(
    caller: Member, parts: PartsOf, app: str, name: str, scope: Scope = "sandbox", branch: str | None = None
) -> Variables:
    return await variables.remove_variable(parts, caller, app, name, scope, branch)
