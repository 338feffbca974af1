"""Who comments: reviewers by their link, on their branch alone and so many times; publishers by their login."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.auth.guests import Guest, open_link
from sandbox_server.domain import comment as rules
from sandbox_server.errors import NotFound, TooMany
from sandbox_server.store import apps, comments, deployments
from sandbox_server.store.tables import App, Branch, Deployment
from sandbox_server.store.tables_review import Comment

Who = Guest | Caller

_OPEN_AGAIN = "Open your link again."


def signature(who: Who) -> str:
    """Who did it, for the history."""
    return who.user if isinstance(who, Caller) else who.email


def begin(who: Who, key: str, text: str, now: datetime) -> Comment:
    """A row that says who says what; not yet of what."""
    if isinstance(who, Caller):
        name, user, review = who.user, who.user, None
    else:
        name, user, review = rules.plain(who.name), "", who.review_id
    return Comment(
        app_id=0, branch_id=0, deployment_id=0, review_id=review, key=key, name=name, user=user, text=text,
        created_at=now,
    )  # fmt: skip


async def deployment_for(
    tx: AsyncSession, who: Who, app_name: str, number: int, now: datetime
) -> tuple[App, Deployment]:
    """Raises `NotFound` for what is not theirs to see, `LinkOver`."""
    app = await _app_for(tx, who, app_name, now)
    if isinstance(who, Caller):
        return app, await deployments.get(tx, app, number)
    # To reviewers in their words: a command is of no use to them, nor what other branches have.
    unknown = NotFound(f"There is no test version {number} of this branch.", _OPEN_AGAIN)
    try:
        row = await deployments.get(tx, app, number)
    except NotFound:
        raise unknown from None
    if (await tx.get_one(Branch, row.branch_id)).name != who.branch:
        raise unknown
    return app, row


async def comment_for(tx: AsyncSession, who: Who, app_name: str, comment_id: int, now: datetime) -> Comment:
    """Raises `NotFound` for what is not theirs to see, `LinkOver`."""
    app = await _app_for(tx, who, app_name, now)
    if isinstance(who, Caller):
        return await comments.get(tx, app, comment_id)
    try:
        return await comments.get(tx, app, comment_id, who.branch)
    except NotFound:
        raise NotFound("There is no such comment here.", _OPEN_AGAIN) from None


async def check_rate(tx: AsyncSession, who: Who, now: datetime) -> None:
    """Raises `TooMany`, for links alone."""
    if isinstance(who, Caller):
        return
    if await comments.sent(tx, who.review_id) >= rules.MOST_IN_ALL:
        raise TooMany(
            f"By this link {rules.MOST_IN_ALL} comments and answers have come, as many as one may send.",
            f"Ask {who.by} for a new link.",
        )
    if await comments.sent(tx, who.review_id, now - rules.AT_ONCE) >= rules.MOST_AT_ONCE:
        raise TooMany(
            f"By this link {rules.MOST_AT_ONCE} comments and answers have come within 10 minutes.",
            "Wait a few minutes, then send it again.",
        )


async def _app_for(tx: AsyncSession, who: Who, name: str, now: datetime) -> App:
    if isinstance(who, Caller):
        return await apps.get(tx, name)
    link = await open_link(tx, who, now)
    if link.app.name != name:
        raise NotFound("This link is for another app.", _OPEN_AGAIN)
    return link.app
