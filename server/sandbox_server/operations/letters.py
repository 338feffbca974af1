"""Letters: what reviewers get by mail. Queued with the change that they tell of; tried again while they matter."""

import logging
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfoNotFoundError

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import config, one_time_code, review_letters
from sandbox_server.domain.review_letters import About, Written
from sandbox_server.domain.review_link import state
from sandbox_server.domain.telling import Progress, failed
from sandbox_server.errors import SandboxError
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.reviews import url_of
from sandbox_server.post import Letter, NotSent
from sandbox_server.store import events, jobs, users
from sandbox_server.store.tables import App, Branch, Deployment, Job
from sandbox_server.store.tables_review import Review

log = logging.getLogger(__name__)

State = Literal["none", "waiting", "sent", "failed"]
What = Literal["invitation", "code"]

_TOO_LATE = "It was of no use any more before it could be sent."


async def queue(tx: AsyncSession, review: Review, what: What, now: datetime) -> None:
    """In the transaction of the change that it tells of. What it says is put together when it is sent."""
    _note(review, what, {"state": "waiting", "since": now.isoformat(), "at": now.isoformat(), "why": ""})
    tx.add(review)
    await tx.flush()
    await _add(tx, review.id or 0, what, since=now, failures=0, run_after=now, now=now)


async def send(parts: Parts, job: Job) -> None:
    """The job. A mail server that does not take it is asked again, after ever longer pauses."""
    letter = await _letter(parts, job)
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
        await _set_sent(parts, job)


async def give_up(parts: Parts, job: Job, error: SandboxError) -> None:
    """Something unforeseen: whoever waits for the mail learns that it does not come."""
    await _set_failed(parts, job, error.message)


def code_of(parts: Parts, review: Review) -> str:
    """The newest one-time code: made again each time, kept nowhere."""
    assert review.id is not None
    assert review.code_at is not None
    return one_time_code.code(parts.sealer.derive, review.id, review.nonce, review.code_at)


def state_of(review: Review, what: What) -> State:
    """How far the newest letter of this kind got."""
    found: State = _noted(review, what).get("state", "none")
    return found


async def _letter(parts: Parts, job: Job) -> Letter | None:
    """None: nobody has use for it any more."""
    what: What = job.payload["what"]
    async with parts.store.read() as tx:
        review = await tx.get_one(Review, job.payload["review"])
        app, branch = await tx.get_one(App, review.app_id), await tx.get_one(Branch, review.branch_id)
        asked_for = await tx.get_one(Deployment, branch.current_id or review.deployment_id)
        by = await users.find(tx, review.by)
    now = parts.clock()
    over = state(review.expires_at, review.revoked_at, now) != "open" or app.removed_at or branch.removed_at
    if over or (what == "code" and not _is_newest(job, review, now)):
        return None
    about = About(
        name=review.name, email=review.email, by=review.by, title=app.title or app.name,
        number=asked_for.number, control=parts.settings.control_url,
    )  # fmt: skip
    written = _written(parts, what, review, about, config.stored(asked_for.config).timezone)
    return Letter(
        to=review.email, subject=written.subject, text=written.text, reply_to=by.email if by else "",
        key=f"review-{review.id}-{what}-{_since(job):%Y%m%d%H%M%S}", at=now,
    )  # fmt: skip


def _is_newest(job: Job, review: Review, now: datetime) -> bool:
    return review.code_at == _since(job) and one_time_code.is_alive(review.code_at, review.code_tries, now)


def _written(parts: Parts, what: What, review: Review, about: About, zone: str) -> Written:
    if what == "code":
        return review_letters.code(about, code_of(parts, review))
    url = url_of(parts, review)
    try:
        return review_letters.invitation(about, url, review.expires_at, zone)
    except ZoneInfoNotFoundError:  # known when it was pushed, and to no other machine
        return review_letters.invitation(about, url, review.expires_at, "UTC")


async def _set_sent(parts: Parts, job: Job) -> None:
    now, what = parts.clock(), job.payload["what"]
    async with parts.store.write() as tx:
        review = await tx.get_one(Review, job.payload["review"])
        _change(review, job, "sent", now)
        await _tell(tx, review, now, f"review.{what}_sent")


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
    ends = since + one_time_code.VALID if what == "code" else review.expires_at
    tried = failed(Progress(failures=job.payload["failures"]), str(error), since, now, final=error.final)
    again = datetime.fromisoformat(tried.next)
    if tried.gave_up or again >= ends:
        log.warning("the letter of review %s could not be sent: %s", review.id, error)
        await _set_failed(parts, job, str(error))
        return
    async with parts.store.write() as tx:
        _change(await tx.get_one(Review, review.id), job, "waiting", now, str(error))
        await _add(tx, review.id or 0, what, since=since, failures=tried.failures, run_after=again, now=now)


async def _add(
    tx: AsyncSession,
    review_id: int,
    what: What,
    *,
    since: datetime,
    failures: int,
    run_after: datetime,
    now: datetime,
) -> None:
    payload = {"review": review_id, "what": what, "since": since.isoformat(), "failures": failures}
    target = f"letter:{review_id}:{what}"
    await jobs.add(tx, "letter", target, payload, by="platform", now=now, run_after=run_after)


async def _tell(tx: AsyncSession, review: Review, now: datetime, action: str, reason: str = "") -> None:
    app = await tx.get_one(App, review.app_id)
    await events.record(
        tx, at=now, by="platform", action=action, app=app.name, subject=f"review {review.id}", reason=reason
    )


def _since(job: Job) -> datetime:
    return datetime.fromisoformat(job.payload["since"])


def _change(review: Review, job: Job, state: State, now: datetime, why: str = "") -> None:
    """Of two codes, the newer one's mail is what people wait for."""
    what: What = job.payload["what"]
    if _noted(review, what).get("since") == job.payload["since"]:
        said = {"state": state, "since": job.payload["since"], "at": now.isoformat(), "why": why}
        _note(review, what, said)


def _noted(review: Review, what: What) -> dict[str, Any]:
    return review.letter if what == "invitation" else dict(review.letter.get("code", {}))


def _note(review: Review, what: What, said: dict[str, Any]) -> None:
    review.letter = {**review.letter, **(said if what == "invitation" else {"code": said})}
