"""The reviewer's page: a test version beside what there is to know and to say of it. The link is all that is needed."""

import secrets
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse, RedirectResponse

from sandbox_server.domain.picture import HEADERS as PICTURE_HEADERS
from sandbox_server.operations import reviewing
from sandbox_server.operations.comment import answer, comment, reopen, resolve
from sandbox_server.operations.identify import send_code
from sandbox_server.operations.sign import sign
from sandbox_server.operations.try_out import what_to_try
from sandbox_server.pages import review_live, streams
from sandbox_server.pages.rendering import page
from sandbox_server.pages.review_forms import AnswerForm, CommentForm, FilledIn, Version
from sandbox_server.pages.review_route import ReviewRoute, may_frame, origin, wants_json
from sandbox_server.pages.review_values import Visiting
from sandbox_server.wire import MOST

router = APIRouter(route_class=ReviewRoute, prefix="/r/{token}")

Id = Annotated[int, Path(ge=1, le=MOST)]
Chosen = Annotated[int | None, Query(alias="version", ge=1, le=MOST)]
Before = Annotated[int | None, Query(ge=1, le=MOST)]
Watched = Annotated[int, Query(ge=1, le=MOST)]


# HEAD too: scanners of mail take a link for a dead one that does not answer it.
@router.api_route("", methods=["GET", "HEAD"])
async def review_page(
    request: Request, visit: Visiting, version: Chosen = None, before: Before = None
) -> Response:
    values = await visit.values(version, before)
    number, url = values["v"].number, values["v"].url
    briefing = await what_to_try(visit.parts, visit.guest, number)
    may_frame(request, url)
    key = secrets.token_hex(16)
    return page(request, "review.html", **values, b=briefing, key=key, origin=origin(url))


@router.get("/compare")
async def compare(request: Request, visit: Visiting, version: Chosen = None) -> Response:
    v = await reviewing.shown(visit.parts, visit.guest, version)
    may_frame(request, v.url, v.live_url)
    return page(request, "compare.html", v=v, guest=visit.guest, token=visit.token)


@router.get("/live")
async def live(request: Request, visit: Visiting, version: Watched) -> Response:
    review_live.check_room(visit.parts, visit.guest)
    render = partial(visit.fragments, version)
    return streams.stream(review_live.news(request, visit.guest, visit.token, render))


@router.post("/comments")
async def send_comment(
    request: Request,
    visit: Visiting,
    version: Version,
    form: CommentForm,
    picture: UploadFile | None = None,
) -> Response:
    given = await picture.read() if picture else b""
    await comment(visit.parts, visit.guest, visit.guest.app, version, form, given)
    return await _done(request, visit, version, "comments", "Your comment was sent.")


@router.get("/comments/{id}")
async def one_comment(request: Request, visit: Visiting, id: Id) -> Response:
    c = await reviewing.one_comment(visit.parts, visit.guest, id)
    return page(request, "review_comment.html", c=c, guest=visit.guest, token=visit.token)


@router.get("/comments/{id}/picture")
async def comment_picture(visit: Visiting, id: Id) -> Response:
    data, media_type = await reviewing.picture(visit.parts, visit.guest, id)
    return Response(data, media_type=media_type, headers=dict(PICTURE_HEADERS))


@router.post("/comments/{id}/answers")
async def send_answer(
    request: Request, visit: Visiting, id: Id, version: Version, form: AnswerForm
) -> Response:
    await answer(visit.parts, visit.guest, visit.guest.app, id, form)
    return await _done(request, visit, version, "comments", "Your answer was sent.")


@router.post("/comments/{id}/resolve")
async def settle(request: Request, visit: Visiting, id: Id, version: Version) -> Response:
    await resolve(visit.parts, visit.guest, visit.guest.app, id)
    return await _done(request, visit, version, "comments", "The comment is settled.")


@router.post("/comments/{id}/reopen")
async def open_again(request: Request, visit: Visiting, id: Id, version: Version) -> Response:
    await reopen(visit.parts, visit.guest, visit.guest.app, id)
    return await _done(request, visit, version, "comments", "The comment is open again.")


@router.post("/code")
async def mail_code(request: Request, visit: Visiting, version: Version) -> Response:
    await send_code(visit.parts, visit.guest)
    return await _done(request, visit, version, "verdict", f"A code is on its way to {visit.guest.email}.")


@router.post("/verdict")
async def send_verdict(request: Request, visit: Visiting, form: FilledIn) -> Response:
    steps = (await what_to_try(visit.parts, visit.guest, form.version)).steps
    await sign(visit.parts, visit.guest, visit.caller, form.request(steps))
    return await _done(request, visit, form.version, "verdict", _thanks(visit))


def _thanks(visit: Visiting) -> str:
    return f"Your verdict was recorded, and {visit.guest.by} can see it. Thank you: you may close this page."


async def _done(request: Request, visit: Visiting, version: int, place: str, said: str) -> Response:
    """To a script, what the page shows now; to a browser without, the page."""
    if not wants_json(request):
        return RedirectResponse(f"/r/{visit.token}?version={version}#{place}", status_code=303)
    answer = {"said": said, "parts": await visit.fragments(version)}
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})
