"""Letters: what reviewers, and those who asked them, get by mail. Queued with the change that they tell of; tried again
while they matter."""

import logging
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import one_time_code
from sandbox_server.domain.telling import Progress, failed
from sandbox_server.errors import SandboxError
from sandbox_server.operations import compose
from sandbox_server.operations.compose import What
from sandbox_server.operations.parts import Parts
from sandbox_server.post import NotSent
from sandbox_server.store import comments, events, jobs
from sandbox_server.store.tables import App, Job
from sandbox_server.store.tables_review import Comment, Review, Verdict

log = logging.getLogger(__name__)

State = Literal["none", "waiting", "sent", "failed"]

GATHERED = timedelta(minutes=10)
"""For so long comments come together into one letter."""

_TRIED = timedelta(days=1)
"""So long letters to whoever asked are tried."""
_TOO_LATE = "It was of no use any more before it could be sent."


async def queue(tx: AsyncSession, review: Review, what: What, now: datetime, **about: int) -> None:
    """In the transaction of the change that it tells of. What it says is put together when it is sent."""
    _note(review, what, {"state": "waiting", "since": now.isoformat(), "at": now.isoformat(), "why": ""})
    tx.add(review)
    await tx.flush()
    payload = {"review": review.id or 0, "what": what, "since": now.isoformat(), "failures": 0, **about}
    await _add(tx, payload, now + GATHERED if what == "comments" else now, now)


async def tell_of_verdict(parts: Parts, tx: AsyncSession, review: Review, verdict: Verdict) -> None:
    """To whoever asked, if this server sends mail and knows where to."""
    if parts.post is not None and await compose.publisher(tx, review):
        await queue(tx, review, "verdict", verdict.created_at, verdict=verdict.id or 0)


async def tell_of_comment(parts: Parts, tx: AsyncSession, comment: Comment) -> None:
    """Likewise of what came by a link, unless a letter that will name it is waiting already."""
    if parts.post is None or comment.review_id is None:
        return
    review = await tx.get_one(Review, comment.review_id)
    if state_of(review, "comments") != "waiting" and await compose.publisher(tx, review):
        await queue(tx, review, "comments", comment.created_at, first=comment.id or 0)


async def send(parts: Parts, job: Job) -> None:
    """The job. A mail server that does not take it is asked again, after ever longer pauses."""
    newest = await _newest_comment(parts, job)
    letter = await compose.letter(parts, job)
    if letter is None:
        await _set_failed(parts, job, _TOO_LATE)
        return
    try:
        if parts.post is None:
            raise NotSent("this server has no mail server any more", final=True)
        await parts.post.post(letter)
    except NotSent as error:
        await _try_later(parts, job, error)
    else:
        await _set_sent(parts, job, newest)


async def give_up(parts: Parts, job: Job, error: SandboxError) -> None:
    """Something unforeseen: whoever waits for the mail learns that it does not come."""
    await _set_failed(parts, job, error.message)


def state_of(review: Review, what: What) -> State:
    """How far the newest letter of this kind got."""
    found: State = _noted(review, what).get("state", "none")
    return found


async def _newest_comment(parts: Parts, job: Job) -> int:
    """Whatever comes after it is not in the letter."""
    async with parts.store.read() as tx:
        return await comments.newest_of_link(tx, job.payload["review"])


async def _set_sent(parts: Parts, job: Job, newest: int) -> None:
    now, what = parts.clock(), job.payload["what"]
    async with parts.store.write() as tx:
        review = await tx.get_one(Review, job.payload["review"])
        _change(review, job, "sent", now)
        await _tell(tx, review, now, f"review.{what}_sent")
        # What was said while the letter was on its way found one waiting.
        if what == "comments" and await comments.newest_of_link(tx, review.id or 0) > newest:
            await queue(tx, review, "comments", now, first=newest + 1)


async def _set_failed(parts: Parts, job: Job, why: str) -> None:
    now, what = parts.clock(), job.payload["what"]
    async with parts.store.write() as tx:
        review = await tx.get_one(Review, job.payload["review"])
        _change(review, job, "failed", now, why)
        await _tell(tx, review, now, f"review.{what}_not_sent", why)


async def _try_later(parts: Parts, job: Job, error: NotSent) -> None:
    now, what, since = parts.clock(), job.payload["what"], _since(job)
    async with parts.store.read() as tx:
        review = await tx.get_one(Review, job.payload["review"])
    ends = {"invitation": review.expires_at, "code": since + one_time_code.VALID}.get(what, since + _TRIED)
    tried = failed(Progress(failures=job.payload["failures"]), str(error), since, now, final=error.final)
    again = datetime.fromisoformat(tried.next)
    if tried.gave_up or again >= ends:
        log.warning("the letter of review %s could not be sent: %s", review.id, error)
        await _set_failed(parts, job, str(error))
        return
    async with parts.store.write() as tx:
        _change(await tx.get_one(Review, review.id), job, "waiting", now, str(error))
        await _add(tx, {**job.payload, "failures": tried.failures}, again, now)


async def _add(tx: AsyncSession, payload: dict[str, Any], run_after: datetime, now: datetime) -> None:
    target = f"letter:{payload['review']}:{payload['what']}"
    await jobs.add(tx, "letter", target, payload, by="platform", now=now, run_after=run_after)


async def _tell(tx: AsyncSession, review: Review, now: datetime, action: str, reason: str = "") -> None:
    app = await tx.get_one(App, review.app_id)
    await events.record(
        tx, at=now, by="platform", action=action, app=app.name, subject=f"review {review.id}", reason=reason
    )


def _since(job: Job) -> datetime:
    return datetime.fromisoformat(job.payload["since"])


def _change(review: Review, job: Job, state: State, now: datetime, why: str = "") -> None:
    """Of two of a kind, the newer one is what people wait for."""
    what: What = job.payload["what"]
    if _noted(review, what).get("since") == job.payload["since"]:
        said = {"state": state, "since": job.payload["since"], "at": now.isoformat(), "why": why}
        _note(review, what, said)


def _noted(review: Review, what: What) -> dict[str, Any]:
    return review.letter if what == "invitation" else dict(review.letter.get(what, {}))


def _note(review: Review, what: What, said: dict[str, Any]) -> None:
    review.letter = {**review.letter, **(said if what == "invitation" else {what: said})}
