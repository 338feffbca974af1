"""Identify: is whoever signs the person whom the link was made for? A code that only they get by mail says it, or a
login."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.auth.guests import Guest, open_link
from sandbox_server.domain import one_time_code
from sandbox_server.domain.person import person
from sandbox_server.errors import Forbidden, NotPossible, SandboxError
from sandbox_server.operations import letters
from sandbox_server.operations.compose import code_of
from sandbox_server.operations.parts import Parts
from sandbox_server.store import events, gates, reviews, users
from sandbox_server.store.tables_review import Review

How = Literal["link", "code", "login"]


@dataclass(frozen=True)
class Proof:
    """What a signature by this link needs."""

    needed: bool
    """The app asks who signs, and no login says it."""
    by_mail: bool
    """A code can be mailed; else a login is the only way."""
    until: datetime | None = None
    """A code is on its way, or there, and good until then."""
    mail: Literal["none", "waiting", "sent", "failed"] = "none"
    """How far its mail got."""
    next: datetime | None = None
    """Not before then another code can be had; None: now."""


async def needs_code(parts: Parts, guest: Guest, caller: Caller | None = None) -> Proof:
    """What the page has to ask for. Raises `LinkOver`."""
    now = parts.clock()
    async with parts.store.read() as tx:
        link = await open_link(tx, guest, now)
        strict = (await gates.in_force(tx, link.review.app_id)).identified
        known = await _is_this_person(tx, caller, guest)
        pause = one_time_code.wait(await reviews.codes_for(tx, link.review.app_id, guest.email), now)
    review = link.review
    alive = one_time_code.is_alive(review.code_at, review.code_tries, now)
    return Proof(
        needed=strict and not known,
        by_mail=parts.post is not None,
        until=review.code_at + one_time_code.VALID if alive and review.code_at else None,
        mail=letters.state_of(review, "code") if alive else "none",
        next=now + pause if pause else None,
    )


async def send_code(parts: Parts, guest: Guest) -> Proof:
    """Mail a new code; the one before is of no use any more. Raises `NotPossible` if it must wait, or cannot be."""
    if parts.post is None:
        raise NotPossible("This server sends no mail, so there is no code.", how_to_log_in(guest))
    now = parts.clock()
    async with parts.store.write() as tx:
        review = (await open_link(tx, guest, now)).review
        if not (await gates.in_force(tx, review.app_id)).identified:
            raise NotPossible("No code is needed here.", "Give your verdict without one.")
        # Of all links together: whoever may make links could else guess by one after the other.
        _check_pace(await reviews.codes_for(tx, review.app_id, review.email), now)
        review.code_at, review.code_tries = now, 0
        made = [datetime.fromisoformat(at) for at in review.codes]
        review.codes = [at.isoformat() for at in one_time_code.remembered(made, now)]
        await letters.queue(tx, review, "code", now)
        await events.record(
            tx,
            at=now,
            by=guest.email,
            action="review.code_asked",
            app=guest.app,
            subject=f"review {review.id}",
        )
    return await needs_code(parts, guest)


async def prove(parts: Parts, guest: Guest, caller: Caller | None, code: str) -> How:
    """How it is known who signs. Wrong codes are counted. Raises `Forbidden` if the app asks for more than there is."""
    now = parts.clock()
    refused: SandboxError | None = None
    async with parts.store.write() as tx:
        review = (await open_link(tx, guest, now)).review
        if code.strip():
            refused = await _refusal(parts, tx, review, guest, code)
        known = await _is_this_person(tx, caller, guest)
        strict = (await gates.in_force(tx, review.app_id)).identified
    # Raised out here, so that the count of wrong answers is kept.
    if refused is not None:
        raise refused
    if code.strip():
        return "code"
    if strict and not known:
        raise _needed(parts, guest)
    return "login" if known else "link"


def use_up(review: Review) -> None:
    """A code is good for one verdict. Raises `Forbidden` if another one was faster."""
    if review.code_at is None:
        raise _dead()
    review.code_at, review.code_tries = None, 0


def how_to_log_in(guest: Guest) -> str:
    return f"Log in here as the user whose mail address is {guest.email}, then open the link again."


async def _refusal(
    parts: Parts, tx: AsyncSession, review: Review, guest: Guest, code: str
) -> Forbidden | None:
    """What is wrong with this code; None: it is right."""
    now = parts.clock()
    if review.code_at is None or not one_time_code.is_alive(review.code_at, review.code_tries, now):
        return _dead()
    if one_time_code.is_code(code, code_of(parts, review)):
        return None
    review.code_tries += 1
    tx.add(review)
    await events.record(
        tx, at=now, by=guest.email, action="review.code_refused", app=guest.app, subject=f"review {review.id}"
    )
    left = one_time_code.TRIES - review.code_tries
    if not left:
        return Forbidden("This was wrong too, and this code is of no use any more.", "Ask for a new one.")
    return Forbidden(
        "This is not the code of the newest mail.", f"You may try {left} more time{'' if left == 1 else 's'}."
    )


async def _is_this_person(tx: AsyncSession, caller: Caller | None, guest: Guest) -> bool:
    """Whoever got the link forwarded may be logged in too, and is somebody else."""
    user = await users.find(tx, caller.user) if caller else None
    return bool(user and user.email and person(user.email) == person(guest.email))


def _dead() -> Forbidden:
    return Forbidden("No code is good any more.", "Ask for a new one.")


def _needed(parts: Parts, guest: Guest) -> Forbidden:
    if parts.post is None:
        return Forbidden(
            f"A verdict here needs proof that you are {guest.email}, and this server sends no mail.",
            how_to_log_in(guest),
        )
    return Forbidden(
        f"A verdict here needs proof that you are {guest.email}.", "Ask for a code by mail, and give it here."
    )


def _check_pace(made: Sequence[datetime], now: datetime) -> None:
    """Raises `NotPossible`."""
    pause = one_time_code.wait(made, now)
    if pause:
        raise NotPossible(
            "A code was sent just before, and only the newest is good.",
            f"Look for it in your mail. The next one can be had {_span(pause)}, at {now + pause:%H:%M:%S} UTC.",
        )


def _span(pause: timedelta) -> str:
    """Rounded up: whoever waits so long is not too early."""
    seconds = ceil(pause.total_seconds())
    return f"in {seconds} seconds" if seconds < 100 else f"in {ceil(seconds / 60)} minutes"
