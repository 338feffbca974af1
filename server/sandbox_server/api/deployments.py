"""Pushes, and what becomes of them."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from sandbox_server.api.dependencies import Limit, MaybeNumber, Member, Number, PartsOf
from sandbox_server.errors import BadBundle
from sandbox_server.operations import bundle, cancel, jobs, logs, overview, preview, push, render, restart
from sandbox_server.operations.parts import Parts
from sandbox_server.wire import Deployment, Job, LogLine, Output, Push, RenderRequest
from sandbox_server.wire_review import Preview

router = APIRouter(tags=["deployments"])

Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Wait = Annotated[float, Query(ge=0, le=60)]
Tail = Annotated[int, Query(ge=1, le=100_000)]


@router.head("/bundles/{digest}")
async def has_bundle(_: Member, parts: PartsOf, digest: Digest) -> Response:
    return Response(status_code=200 if parts.bundles.has(digest) else 404)


@router.put("/bundles/{digest}", status_code=201)
async def upload_bundle(_: Member, parts: PartsOf, digest: Digest, request: Request) -> dict[str, str]:
    try:
        await bundle.receive(parts, digest, request.stream())
    except ClientDisconnect:
        raise BadBundle("The upload was interrupted.", "Push again.") from None
    return {"bundle": digest}


@router.post("/apps/{app}/deployments", status_code=201)
async def push_bundle(caller: Member, parts: PartsOf, app: str, request: Push) -> Deployment:
    return await push.push(parts, caller, app, request)


@router.get("/apps/{app}/deployments")
async def list_deployments(
    _: Member, parts: PartsOf, app: str, branch: str | None = None, limit: Limit = 50
) -> list[Deployment]:
    return await overview.list_deployments(parts, app, branch, limit)


@router.get("/apps/{app}/deployments/{n}")
async def show_deployment(
    _: Member, parts: PartsOf, app: str, n: Number, seen: MaybeNumber = None, wait: Wait = 0
) -> Deployment:
    return await overview.show_deployment(parts, app, n, seen, wait)


@router.get("/apps/{app}/deployments/{n}/preview")
async def preview_release(caller: Member, parts: PartsOf, app: str, n: Number) -> Preview:
    """What its release would bring, and whether it may be made."""
    return await preview.preview(parts, caller, app, n)


@router.post("/apps/{app}/deployments/{n}/cancel")
async def cancel_deployment(caller: Member, parts: PartsOf, app: str, n: Number) -> Deployment:
    return await cancel.cancel(parts, caller, app, n)


@router.post("/apps/{app}/deployments/{n}/restart", status_code=202)
async def restart_deployment(caller: Member, parts: PartsOf, app: str, n: Number) -> Job:
    return await restart.request_restart(parts, caller, app, n)


@router.post("/apps/{app}/deployments/{n}/render", status_code=202)
async def render_document(caller: Member, parts: PartsOf, app: str, n: Number, request: RenderRequest) -> Job:
    return await render.request_render(parts, caller, app, n, request)


@router.get("/apps/{app}/deployments/{n}/outputs")
async def list_outputs(_: Member, parts: PartsOf, app: str, n: Number) -> list[Output]:
    return await render.list_outputs(parts, app, n)


@router.get("/apps/{app}/deployments/{n}/logs", response_model=list[LogLine])
async def read_logs(
    _: Member,
    parts: PartsOf,
    app: str,
    n: Number,
    kind: logs.Kind = "run",
    tail: Tail = 500,
    follow: bool = False,
) -> list[LogLine] | StreamingResponse:
    lines = await logs.read_log(parts, app, n, kind, tail)
    if not follow:
        return lines
    return StreamingResponse(_stream(parts, app, n, kind, tail), media_type="application/x-ndjson")


@router.get("/jobs/{job}")
async def show_job(_: Member, parts: PartsOf, job: Number, seen: MaybeNumber = None, wait: Wait = 0) -> Job:
    return await jobs.show_job(parts, job, seen, wait)


async def _stream(parts: Parts, app: str, n: Number, kind: logs.Kind, tail: int) -> AsyncIterator[str]:
    """One JSON document a line; empty lines say that the connection lives."""
    async for line in logs.follow_log(parts, app, n, kind, tail):
        yield f"{line.model_dump_json()}\n" if line else "\n"
