"""Say something of a place in a deployment, answer it, settle it."""

from asyncio import Lock
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from anyio import to_thread
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain import comment as rules
from sandbox_server.domain.bare_picture import without_metadata
from sandbox_server.errors import Conflict, Forbidden, NotPossible
from sandbox_server.operations import letters, pinned
from sandbox_server.operations.commenters import (
    Who,
    begin,
    check_rate,
    comment_for,
    deployment_for,
    signature,
)
from sandbox_server.operations.comments import shown
from sandbox_server.operations.parts import Parts
from sandbox_server.store import comments, jobs
from sandbox_server.store.tables_review import Comment as Row
from sandbox_server.wire_review import AnswerRequest, Comment, CommentRequest


async def comment(
    parts: Parts, who: Who, app: str, deployment_number: int, request: CommentRequest, picture: bytes = b""
) -> Comment:
    """Keep it with its place, and the app's log lines of the minute before; without a picture, one will be taken.

    Sent again with the same key, it is the comment that is there. Raises `NotFound`, `LinkOver`, `BadRequest`,
    `BadPicture`, `TooLarge`, `TooMany` and `StorageFull`; then nothing is kept.
    """
    row = begin(who, request.key, rules.said(request.text), parts.clock())
    row.place = pinned.place(request.place) if request.place else {}
    async with _one_at_a_time(parts, who, picture):
        if picture:
            picture = await to_thread.run_sync(without_metadata, picture)
        known = await _keep(parts, who, app, deployment_number, row, picture)
    if known.parent_id is not None:
        raise _key_taken()
    return await shown(parts, known)


async def answer(parts: Parts, who: Who, app: str, id: int, request: AnswerRequest) -> Comment:
    """Returns the comment with its answers. Sent again with the same key, it is one answer.

    Raises `NotFound`, `LinkOver`, `BadRequest`, `TooMany`, and `NotPossible` if there are too many.
    """
    row = begin(who, request.key, rules.said(request.text, "answer"), parts.clock())
    async with parts.store.write() as tx:
        found = await comment_for(tx, who, app, id, row.created_at)
        row.app_id, row.branch_id, row.deployment_id = found.app_id, found.branch_id, found.deployment_id
        row.parent_id = found.id
        known = await comments.sent_before(tx, row)
        if known is None:
            await check_rate(tx, who, row.created_at)
            await _check_room(tx, id)
            await comments.add(tx, row)
            await comments.record(tx, row, "answered", at=row.created_at, by=signature(who))
            await letters.tell_of_comment(parts, tx, row)
    if known is not None and known.parent_id != id:
        raise _key_taken()
    return await shown(parts, found)


async def resolve(parts: Parts, who: Who, app: str, id: int) -> Comment:
    """Nothing is left to do about it. Raises `NotFound`, `LinkOver`, `Forbidden` for reviewers who did not write it."""
    return await _settle(parts, who, app, id, "resolved")


async def reopen(parts: Parts, who: Who, app: str, id: int) -> Comment:
    """There is something to do all the same. Raises as `resolve` does."""
    return await _settle(parts, who, app, id, "reopened")


@asynccontextmanager
async def _one_at_a_time(parts: Parts, who: Who, picture: bytes) -> AsyncIterator[None]:
    """By a link: files are read and kept before their rows, so many at once would all be within the rate."""
    if isinstance(who, Caller) or not picture:
        yield
        return
    async with parts.sending.setdefault(who.review_id, Lock()):
        yield


async def _keep(parts: Parts, who: Who, app: str, number: int, row: Row, picture: bytes) -> Row:
    """The row, or the one that came with its key before."""
    async with parts.store.read() as tx:
        _, deployment = await deployment_for(tx, who, app, number, row.created_at)
        row.app_id, row.branch_id = deployment.app_id, deployment.branch_id
        row.deployment_id = deployment.id or 0
        if known := await comments.sent_before(tx, row):
            return known
        await check_rate(tx, who, row.created_at)
    row.log = await pinned.minute(parts, app, number, row.created_at)
    if picture:
        row.picture, row.picture_state = await pinned.picture(parts, who, picture), "given"
    elif row.place:
        row.picture_state = "waiting"
    return await _write(parts, who, app, number, row)


async def _write(parts: Parts, who: Who, app: str, number: int, row: Row) -> Row:
    """The row, or the one that came with its key meanwhile."""
    async with parts.store.write() as tx:
        await deployment_for(tx, who, app, number, row.created_at)
        if known := await comments.sent_before(tx, row):
            return known
        await check_rate(tx, who, row.created_at)
        await comments.add(tx, row)
        await comments.record(tx, row, "made", at=row.created_at, by=signature(who))
        await letters.tell_of_comment(parts, tx, row)
        if row.picture_state == "waiting":
            payload = {"comment": row.id}
            await jobs.add(tx, "picture", f"comment:{row.id}", payload, by=signature(who), now=row.created_at)
    return row


async def _settle(
    parts: Parts, who: Who, app: str, id: int, action: Literal["resolved", "reopened"]
) -> Comment:
    now = parts.clock()
    async with parts.store.write() as tx:
        found = await comment_for(tx, who, app, id, now)
        if not isinstance(who, Caller) and found.review_id != who.review_id:
            raise Forbidden(
                f"Only {found.name} and those who publish the app settle this comment.",
                "Answer it instead.",
            )
        name = who.user if isinstance(who, Caller) else rules.plain(who.name)
        if await comments.settle(tx, found, now if action == "resolved" else None, name):
            await comments.record(tx, found, action, at=now, by=signature(who))
    return await shown(parts, found)


async def _check_room(tx: AsyncSession, id: int) -> None:
    if await comments.answered(tx, id) >= rules.MOST_ANSWERS:
        raise NotPossible(
            f"This comment has {rules.MOST_ANSWERS} answers, as many as one may have.",
            "Say it in a new comment.",
        )


def _key_taken() -> Conflict:
    return Conflict("This key was used for something else.", "Send it with a new key, chosen at random.")
