"""Reviews, for publishers: who was asked to try which branch, what they said, what is open."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from sandbox_server.errors import SandboxError
from sandbox_server.operations import opinions, overview
from sandbox_server.operations.comments import list_comments
from sandbox_server.operations.gates import gates_of
from sandbox_server.operations.invite import invite, revoke
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.reviews import list_reviews, show_review
from sandbox_server.operations.try_out import brief
from sandbox_server.pages import review_asking, review_words, streams
from sandbox_server.pages.dependencies import PageCaller, PartsOf
from sandbox_server.pages.rendering import fragment, page
from sandbox_server.pages.review_asking import Asking, AskingForm
from sandbox_server.pages.route import PageRoute
from sandbox_server.wire import MOST, Deployment

router = APIRouter(route_class=PageRoute, prefix="/apps/{app}/reviews")

Id = Annotated[int, Path(ge=1, le=MOST)]
BranchName = Annotated[str, Query(alias="branch", max_length=255)]
Number = Annotated[int | None, Query(alias="deployment", ge=1, le=MOST)]
Prefilled = Annotated[str, Query(max_length=254)]

_MOST_LINKS = 200


@router.get("")
async def all_reviews(
    request: Request, _: PageCaller, parts: PartsOf, app: str, branch: BranchName = ""
) -> Response:
    return page(request, "reviews.html", **await _all(parts, app, branch))


@router.get("/live")
async def all_reviews_live(
    request: Request, _: PageCaller, parts: PartsOf, app: str, branch: BranchName = ""
) -> Response:
    async def render() -> streams.View:
        return streams.View({"reviews": fragment("reviews.html", **await _all(parts, app, branch))})

    return streams.stream(streams.changes(request, render))


@router.get("/new")
async def ask(
    request: Request, _: PageCaller, parts: PartsOf, *,
    app: str, branch: BranchName = "", deployment: Number = None, name: Prefilled = "", email: Prefilled = "",
) -> Response:  # fmt: skip
    if deployment is not None:
        branch = (await overview.show_deployment(parts, app, deployment)).branch
    return await _form(request, parts, app, Asking(branch=branch, name=name, email=email))


@router.post("/new")
async def request_review(
    request: Request, caller: PageCaller, parts: PartsOf, app: str, form: AskingForm
) -> Response:
    try:
        made = await invite(parts, caller, app, review_asking.to_request(form))
    except SandboxError as error:
        return await _form(request, parts, app, form, error)
    return RedirectResponse(f"/apps/{app}/reviews/{made.id}", status_code=303)


@router.get("/{id}")
async def one_review(request: Request, _: PageCaller, parts: PartsOf, app: str, id: Id) -> Response:
    return page(request, "reviews_one.html", **await _one(parts, app, id))


@router.get("/{id}/live")
async def one_review_live(request: Request, _: PageCaller, parts: PartsOf, app: str, id: Id) -> Response:
    async def render() -> streams.View:
        return streams.View({"review": fragment("reviews_one.html", **await _one(parts, app, id))})

    return streams.stream(streams.changes(request, render))


@router.get("/{id}/revoke")
async def ask_revoke(request: Request, _: PageCaller, parts: PartsOf, app: str, id: Id) -> Response:
    return page(request, "reviews_revoke.html", r=await show_review(parts, app, id))


@router.post("/{id}/revoke")
async def revoke_link(caller: PageCaller, parts: PartsOf, app: str, id: Id) -> Response:
    await revoke(parts, caller, app, id)
    return RedirectResponse(f"/apps/{app}/reviews/{id}", status_code=303)


async def _all(parts: Parts, app: str, branch: str) -> dict[str, Any]:
    detail = await overview.app_detail(parts, app)
    links = await list_reviews(parts, app, branch or None, limit=_MOST_LINKS)
    comments = await list_comments(parts, app, branch or None, open_only=True)
    said = await opinions.of_app(parts, app)
    found = review_words.by_branch(detail.sandboxes, said, links, comments.comments)
    return {"app": detail, "branch": branch, "asked": [b for b in found if branch in ("", b.branch)]}


async def _one(parts: Parts, app: str, id: int) -> dict[str, Any]:
    demanded = await gates_of(parts, app)
    return {"r": await show_review(parts, app, id), "identified": demanded.gates.get("identified", False)}


async def _form(
    request: Request, parts: Parts, app: str, form: Asking, error: SandboxError | None = None
) -> Response:
    """With what was filled in before, if it was refused; without a branch it asks for one first."""
    detail = await overview.app_detail(parts, app)
    able = {one.branch: one.current for one in detail.sandboxes if one.current}
    form.branch = form.branch or (next(iter(able)) if len(able) == 1 else "")
    shown = able.get(form.branch)
    values = await _about(parts, shown) if shown else {}
    form.script = form.script if error else values.get("prefilled", "")
    return page(
        request, "reviews_new.html", error.status if error else 200, app=detail, shown=shown, form=form, error=error,
        mails=parts.post is not None, spans=review_asking.SPANS, **values,
    )  # fmt: skip


async def _about(parts: Parts, shown: Deployment) -> dict[str, Any]:
    links = await list_reviews(parts, shown.app, shown.branch)
    briefing = await brief(parts, shown.app, shown.deployment)
    return {
        "asked": [link for link in links if link.state == "open"],
        "prefilled": review_asking.as_script(briefing.steps),
    }
