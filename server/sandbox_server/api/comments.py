"""What was said of places in an app's deployments."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from sandbox_server.api.dependencies import Member, Number, PartsOf
from sandbox_server.domain.picture import HEADERS
from sandbox_server.operations import comment as saying
from sandbox_server.operations import comments
from sandbox_server.wire import MOST
from sandbox_server.wire_review import AnswerRequest, Comment, CommentDetail, CommentRequest, Comments

router = APIRouter(prefix="/apps/{app}", tags=["reviews"])

Id = Annotated[int | None, Query(ge=1, le=MOST)]
Limit = Annotated[int, Query(ge=1, le=comments.MOST)]


@router.get("/comments")
async def list_comments(
    _: Member,
    parts: PartsOf,
    app: str,
    branch: str | None = None,
    review: Id = None,
    open: bool = False,
    before: Id = None,
    limit: Limit = 50,
) -> Comments:
    """Newest first; `open`: only those that nobody has resolved; `review`: only those that came by this link."""
    return await comments.list_comments(
        parts, app, branch, review=review, open_only=open, before=before, limit=limit
    )


@router.post("/deployments/{n}/comments", status_code=201)
async def add_comment(
    caller: Member, parts: PartsOf, app: str, n: Number, request: CommentRequest
) -> Comment:
    return await saying.comment(parts, caller, app, n, request)


@router.get("/comments/{id}")
async def show_comment(_: Member, parts: PartsOf, app: str, id: Number) -> CommentDetail:
    return await comments.show_comment(parts, app, id)


@router.get("/comments/{id}/picture", response_class=Response)
async def show_picture(_: Member, parts: PartsOf, app: str, id: Number) -> Response:
    picture, media_type = await comments.picture_of(parts, app, id)
    return Response(picture, media_type=media_type, headers=HEADERS)


@router.post("/comments/{id}/answers", status_code=201)
async def answer_comment(
    caller: Member, parts: PartsOf, app: str, id: Number, request: AnswerRequest
) -> Comment:
    return await saying.answer(parts, caller, app, id, request)


@router.post("/comments/{id}/resolve")
async def resolve_comment(caller: Member, parts: PartsOf, app: str, id: Number) -> Comment:
    return await saying.resolve(parts, caller, app, id)


@router.post("/comments/{id}/reopen")
async def reopen_comment(caller: Member, parts: PartsOf, app: str, id: Number) -> Comment:
    return await saying.reopen(parts, caller, app, id)
