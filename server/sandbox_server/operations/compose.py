"""Compose: what a letter says, put together when it is sent, so that it is true then and kept nowhere before."""

from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfoNotFoundError

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import config, one_time_code, review_letters
from sandbox_server.domain.person import person
from sandbox_server.domain.review_letters import About, Written
from sandbox_server.domain.review_link import state
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.reviews import url_of
from sandbox_server.post import Letter
from sandbox_server.store import comments, users
from sandbox_server.store.tables import App, Branch, Deployment, Job
from sandbox_server.store.tables_review import Review, Verdict

What = Literal["invitation", "code", "verdict", "comments"]
"""The first two go to the reviewer, the others to whoever asked."""


async def letter(parts: Parts, job: Job) -> Letter | None:
    """None: nobody has use for it any more."""
    what: What = job.payload["what"]
    async with parts.store.read() as tx:
        review = await tx.get_one(Review, job.payload["review"])
        if what in ("verdict", "comments"):
            return await _to_publisher(parts, tx, review, job)
        return await _to_reviewer(parts, tx, review, job)


async def publisher(tx: AsyncSession, review: Review) -> str:
    """The mail address of whoever asked; empty if it is not known, or the reviewer's own."""
    by = await users.find(tx, review.by)
    return by.email if by and by.email and person(by.email) != person(review.email) else ""


def code_of(parts: Parts, review: Review) -> str:
    """The newest one-time code: made again each time, kept nowhere."""
    assert review.id is not None
    assert review.code_at is not None
    return one_time_code.code(parts.sealer.derive, review.id, review.nonce, review.code_at)


async def _to_reviewer(parts: Parts, tx: AsyncSession, review: Review, job: Job) -> Letter | None:
    what: What = job.payload["what"]
    app, branch = await tx.get_one(App, review.app_id), await tx.get_one(Branch, review.branch_id)
    shown = await tx.get_one(Deployment, branch.current_id or review.deployment_id)
    now = parts.clock()
    over = state(review.expires_at, review.revoked_at, now) != "open" or app.removed_at or branch.removed_at
    if over or (what == "code" and not _is_newest(job, review, now)):
        return None
    about, by = _about(parts, review, app, shown.number), await users.find(tx, review.by)
    written = (
        review_letters.code(about, code_of(parts, review))
        if what == "code"
        else _invitation(parts, review, about, config.stored(shown.config).timezone)
    )
    return _letter(job, review.email, written, now, by.email if by else "")


async def _to_publisher(parts: Parts, tx: AsyncSession, review: Review, job: Job) -> Letter | None:
    app, branch = await tx.get_one(App, review.app_id), await tx.get_one(Branch, review.branch_id)
    to = await publisher(tx, review)
    if not to or app.removed_at:
        return None
    page = f"{parts.settings.control_url}/apps/{app.name}/reviews/{review.id}"
    if job.payload["what"] == "verdict":
        verdict = await tx.get_one(Verdict, job.payload["verdict"])
        deployment = await tx.get_one(Deployment, verdict.deployment_id)
        about = _about(parts, review, app, deployment.number)
        written = review_letters.verdict(about, branch.name, verdict.outcome, verdict.text, page)
    else:
        said = await comments.texts_of_link(tx, review.id or 0, job.payload["first"])
        if not said:
            return None
        written = review_letters.comments(_about(parts, review, app, 0), branch.name, said, page)
    return _letter(job, to, written, parts.clock(), review.email)


def _about(parts: Parts, review: Review, app: App, number: int) -> About:
    return About(
        name=review.name, email=review.email, by=review.by, title=app.title or app.name, number=number,
        control=parts.settings.control_url, app=app.name, review=review.id or 0,
    )  # fmt: skip


def _letter(job: Job, to: str, written: Written, now: datetime, reply_to: str) -> Letter:
    payload: dict[str, Any] = job.payload
    # Two of a kind may be due in the same second; what is tried again is the same job.
    since = datetime.fromisoformat(payload["since"])
    key = f"review-{payload['review']}-{payload['what']}-{since:%Y%m%d%H%M%S}-{job.id}"
    return Letter(
        to=to, subject=written.subject, text=written.text, reply_to=reply_to, key=key, at=now
    )  # fmt: skip


def _is_newest(job: Job, review: Review, now: datetime) -> bool:
    since = datetime.fromisoformat(job.payload["since"])
    return review.code_at == since and one_time_code.is_alive(review.code_at, review.code_tries, now)


def _invitation(parts: Parts, review: Review, about: About, zone: str) -> Written:
    url = url_of(parts, review)
    try:
        return review_letters.invitation(about, url, review.expires_at, zone)
    except ZoneInfoNotFoundError:  # known when it was pushed, and to no other machine
        return review_letters.invitation(about, url, review.expires_at, "UTC")
