"""Comments, for publishers: what somebody said of a place in the app, answers, and the app as that person had it."""

import json
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from sandbox_server.domain.picture import HEADERS as PICTURE_HEADERS
from sandbox_server.errors import NotPossible
from sandbox_server.operations import comment as acts
from sandbox_server.operations.comments import list_comments, picture_of, show_comment, where_to_open
from sandbox_server.operations.parts import Parts
from sandbox_server.pages import review_words, streams
from sandbox_server.pages.dependencies import PageCaller, PartsOf
from sandbox_server.pages.rendering import fragment, page
from sandbox_server.pages.review_forms import AnswerForm
from sandbox_server.pages.review_route import FramingRoute, may_frame, origin
from sandbox_server.pages.reviews import BranchName, Id
from sandbox_server.wire import MOST, Deployment
from sandbox_server.wire_review import Comment

router = APIRouter(route_class=FramingRoute, prefix="/apps/{app}/comments")

Number = Annotated[int | None, Query(ge=1, le=MOST)]


@router.get("")
async def some_comments(
    request: Request, _: PageCaller, parts: PartsOf, *,
    app: str, branch: BranchName = "", every: bool = False, before: Number = None,
) -> Response:  # fmt: skip
    return page(request, "comments.html", **await _some(parts, app, branch, every, before))


@router.get("/live")
async def some_comments_live(
    request: Request, _: PageCaller, parts: PartsOf, *,
    app: str, branch: BranchName = "", every: bool = False, before: Number = None,
) -> Response:  # fmt: skip
    async def render() -> streams.View:
        values = await _some(parts, app, branch, every, before)
        return streams.View({"comments": fragment("comments.html", **values)})

    return streams.stream(streams.changes(request, render))


@router.get("/{id}")
async def one_comment(request: Request, _: PageCaller, parts: PartsOf, app: str, id: Id) -> Response:
    return page(request, "comment.html", key=secrets.token_hex(16), **await _one(parts, app, id))


@router.get("/{id}/live")
async def one_comment_live(request: Request, _: PageCaller, parts: PartsOf, app: str, id: Id) -> Response:
    async def render() -> streams.View:
        values = await _one(parts, app, id)
        return streams.View({name: fragment(f"comment_{name}.html", **values) for name in _PARTS})

    return streams.stream(streams.changes(request, render))


@router.get("/{id}/picture")
async def picture(_: PageCaller, parts: PartsOf, app: str, id: Id) -> Response:
    data, media_type = await picture_of(parts, app, id)
    return Response(data, media_type=media_type, headers=dict(PICTURE_HEADERS))


@router.get("/{id}/open")
async def open_again(
    request: Request, _: PageCaller, parts: PartsOf, app: str, id: Id, version: Number = None
) -> Response:
    comment = await show_comment(parts, app, id)
    deployment = _chosen(await where_to_open(parts, comment), version or comment.deployment)
    url = review_words.url_in(deployment.permalink, comment.place)
    may_frame(request, url)
    return page(
        request,
        "comment_open.html",
        c=comment,
        d=deployment,
        url=url,
        origin=origin(url),
        restore=_restore(comment),
    )


@router.post("/{id}/answer")
async def answer(
    caller: PageCaller,
    parts: PartsOf,
    *,
    app: str,
    id: Id,
    form: AnswerForm,
    then: Annotated[str, Form()] = "",
) -> Response:
    await acts.answer(parts, caller, app, id, form)
    if then == "resolve":
        await acts.resolve(parts, caller, app, id)
    return _back(app, id)


@router.post("/{id}/resolve")
async def resolve(caller: PageCaller, parts: PartsOf, app: str, id: Id) -> Response:
    await acts.resolve(parts, caller, app, id)
    return _back(app, id)


@router.post("/{id}/reopen")
async def reopen(caller: PageCaller, parts: PartsOf, app: str, id: Id) -> Response:
    await acts.reopen(parts, caller, app, id)
    return _back(app, id)


_PARTS = ("head", "said", "facts")


async def _some(parts: Parts, app: str, branch: str, every: bool, before: int | None) -> dict[str, Any]:
    found = await list_comments(parts, app, branch or None, open_only=not every, before=before)
    return {"app": app, "branch": branch, "every": every, "before": before, "comments": found}


async def _one(parts: Parts, app: str, id: int) -> dict[str, Any]:
    comment = await show_comment(parts, app, id)
    return {"c": comment, "open_in": await where_to_open(parts, comment) if comment.place else []}


def _chosen(able: list[Deployment], number: int) -> Deployment:
    """Raises `NotPossible`."""
    for deployment in able:
        if deployment.deployment == number:
            return deployment
    raise NotPossible(
        f"d{number} cannot be opened any more.",
        "The comment keeps its picture, the inputs and the log lines.",
    )


def _restore(comment: Comment) -> str:
    """For the app in the frame."""
    place = comment.place
    said = {"inputs": place.inputs, "scroll_x": place.scroll_x, "scroll_y": place.scroll_y} if place else {}
    return json.dumps({"inputs": {}, "scroll_x": 0, "scroll_y": 0, **said}, ensure_ascii=False)


def _back(app: str, id: int) -> Response:
    return RedirectResponse(f"/apps/{app}/comments/{id}", status_code=303)
