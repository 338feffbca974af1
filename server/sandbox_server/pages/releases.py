"""Promote and rollback: what will change, the request, and how it goes."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from sandbox_server.auth import Caller
from sandbox_server.operations import overview, rollback
from sandbox_server.operations.comments import list_comments
from sandbox_server.operations.compare import compare
from sandbox_server.operations.jobs import show_job
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.preview import mark_now, preview
from sandbox_server.operations.promote import request_promote
from sandbox_server.operations.reviews import verdicts_of
from sandbox_server.pages import forms, promote_news, streams
from sandbox_server.pages.dependencies import Number, PageCaller, PartsOf
from sandbox_server.pages.rendering import fragment, page
from sandbox_server.pages.route import PageRoute
from sandbox_server.wire import MOST, Deployment
from sandbox_server.wire_review import Comments

router = APIRouter(route_class=PageRoute, prefix="/apps/{app}")

_COMMENTS = 5
"""Open ones that are shown."""

Share = Annotated[int | None, Query(ge=0, le=100)]


@router.get("/promote/{n}")
async def ask_promote(
    request: Request, caller: PageCaller, parts: PartsOf, app: str, n: Number, share: Share = None
) -> Response:
    detail = await overview.app_detail(parts, app)
    deployment = await overview.show_deployment(parts, app, n)
    diff = await compare(parts, app, None, n)
    asked = await preview(parts, caller, app, n)
    left = await _left_open(parts, deployment)
    return page(
        request,
        "promote.html",
        app=detail,
        d=deployment,
        diff=diff,
        preview=asked,
        comments=left,
        share=share,
        opened=promote_news.opened(detail, deployment, asked.verdicts, asked.mark),
    )


@router.get("/promote/{n}/live")
async def ask_promote_live(
    request: Request, caller: PageCaller, parts: PartsOf, *,
    app: str, n: Number, share: Share = None, opened: promote_news.OpenedBy,
) -> Response:  # fmt: skip
    path = f"/apps/{app}/promote/{n}" + (f"?share={share}" if share is not None else "")

    async def render() -> streams.View:
        told = await _news(parts, caller, app, n, opened)
        return streams.View({"news": fragment("promote_news.html", told=told, path=path)})

    return streams.stream(streams.changes(request, render))


@router.post("/promote/{n}")
async def promote(
    caller: PageCaller, parts: PartsOf, app: str, n: Number, form: forms.PromoteForm
) -> Response:
    job = await request_promote(parts, caller, app, forms.to_promote(form, n))
    return RedirectResponse(f"/apps/{app}/jobs/{job.job}", status_code=303)


@router.get("/rollback")
async def ask_rollback(
    request: Request,
    _: PageCaller,
    parts: PartsOf,
    app: str,
    to: Annotated[int | None, Query(ge=1, le=MOST)] = None,
) -> Response:
    detail = await overview.app_detail(parts, app)
    target = await rollback.target(parts, app, to)
    diff = await compare(parts, app, target.deployment, detail.release.deployment if detail.release else None)
    return page(request, "rollback.html", app=detail, target=target, diff=diff)


@router.post("/rollback")
async def roll_back(caller: PageCaller, parts: PartsOf, app: str, form: forms.RollbackForm) -> Response:
    job = await rollback.request_rollback(parts, caller, app, forms.to_roll_back(form))
    return RedirectResponse(f"/apps/{app}/jobs/{job.job}", status_code=303)


@router.get("/jobs/{number}")
async def one_job(request: Request, _: PageCaller, parts: PartsOf, app: str, number: Number) -> Response:
    return page(request, "job.html", app=app, job=await show_job(parts, number))


@router.get("/jobs/{number}/live")
async def one_job_live(request: Request, _: PageCaller, parts: PartsOf, app: str, number: Number) -> Response:
    async def render() -> streams.View:
        job = await show_job(parts, number)
        return streams.View(
            {"job": fragment("job.html", app=app, job=job)}, final=job.status in {"done", "failed"}
        )

    return streams.stream(streams.changes(request, render))


async def _news(parts: Parts, caller: Caller, app: str, n: int, before: promote_news.Opened) -> list[str]:
    detail, d = await overview.app_detail(parts, app), await overview.show_deployment(parts, app, n)
    said = await verdicts_of(parts, app, n)
    now = promote_news.opened(detail, d, said, await mark_now(parts, caller, app, n))
    return promote_news.news(before, now, d, detail, said)


async def _left_open(parts: Parts, deployment: Deployment) -> Comments:
    """Comments on its branch, on whichever deployment they were made; a removed branch has none."""
    if not deployment.branch:
        return Comments(comments=[], open=0)
    return await list_comments(parts, deployment.app, deployment.branch, open_only=True, limit=_COMMENTS)
