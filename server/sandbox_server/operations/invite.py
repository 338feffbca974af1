"""Invite: ask one person to try a branch, by a link of their own; or take the link back."""

import secrets
import shlex
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain import durations
from sandbox_server.domain.comment import plain
from sandbox_server.domain.deployment import UNFINISHED, may
from sandbox_server.domain.telling import is_address, one_line
from sandbox_server.errors import BadRequest, NotPossible, QuotaReached
from sandbox_server.operations import letters
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.reviews import show_review
from sandbox_server.store import apps, deployments, events, reviews
from sandbox_server.store.tables import App, Branch, Deployment
from sandbox_server.store.tables_review import Review as Row
from sandbox_server.wire import Status
from sandbox_server.wire_review import Review, ReviewRequest

SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=90)

MOST_OPEN = 200
"""Links of one branch that are good at the same time."""


async def invite(parts: Parts, caller: Caller, app_name: str, request: ReviewRequest) -> Review:
    """Make the link, and send it if this server has a mail server. Raises `BadRequest`, `NotFound`, `NotPossible`,
    `QuotaReached`."""
    name, email = _person(request)
    now = parts.clock()
    # Whole seconds: every database gives back the very time that was signed.
    expires_at = (now + _span(request.expires)).replace(microsecond=0)
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        branch, deployment = await _asked_for(tx, app, request)
        await _check_room(tx, branch, now)
        row = Row(
            app_id=deployment.app_id, branch_id=deployment.branch_id, deployment_id=deployment.id or 0,
            name=name, email=email, nonce=secrets.token_hex(16), script=plain(request.script),
            by=caller.user, created_at=now, expires_at=expires_at,
        )  # fmt: skip
        tx.add(row)
        await tx.flush()
        await events.record(
            tx, at=now, by=caller.user, action="review.requested", app=app.name, subject=f"review {row.id}",
            new=f"{email} on d{deployment.number} of {branch.name}", reason=f"until {expires_at:%Y-%m-%d %H:%M} UTC",
        )  # fmt: skip
        if parts.post is not None:
            await letters.queue(tx, row, "invitation", now)
    return await show_review(parts, app_name, row.id or 0)


async def revoke(parts: Parts, caller: Caller, app_name: str, review_id: int) -> Review:
    """From now on the link is of no use; what was said by it stays. Twice is as good as once. Raises `NotFound`."""
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        row = await reviews.get(tx, app, review_id)
        now = parts.clock()
        if await reviews.revoke(tx, row, caller.user, now):
            await _record_end(tx, app, row, caller.user, now)
    return await show_review(parts, app_name, review_id)


async def revoke_all(tx: AsyncSession, app: App, branch: Branch, by: str, now: datetime) -> None:
    """Of a branch that goes: should it come again one day, old links must not lead to it."""
    for row in await reviews.open_ones(tx, branch.id or 0, now):
        # By nobody: it says nothing against the verdicts that came by it.
        if await reviews.revoke(tx, row, "", now):
            await _record_end(tx, app, row, by, now)


async def _record_end(tx: AsyncSession, app: App, row: Row, by: str, now: datetime) -> None:
    await events.record(
        tx, at=now, by=by, action="review.revoked", app=app.name, subject=f"review {row.id}", old=row.email
    )


def _person(request: ReviewRequest) -> tuple[str, str]:
    """Name and address, both on one line. Raises `BadRequest`."""
    name, email = one_line(request.name), request.email.strip()
    if not name:
        raise BadRequest(
            "A reviewer has a name.", 'Give it with the address: --to "Rita <rita@example.org>".'
        )
    if not is_address(email):
        raise BadRequest(
            f"{one_line(email)[:80]!r} is not one mail address.",
            "A link is one person's: give one address, such as rita@example.org, and ask others by links of their own.",
        )
    return name, email


def _span(text: str) -> timedelta:
    """Raises `BadRequest`."""
    try:
        span = timedelta(seconds=durations.seconds_of(text))
    except ValueError as error:
        raise BadRequest(f"expires: {error}.", 'Such as "7d".') from None
    if not SHORTEST <= span <= LONGEST:
        raise BadRequest("A link is good for one hour at least, and for 90 days at most.", 'Such as "7d".')
    return span


async def _asked_for(tx: AsyncSession, app: App, request: ReviewRequest) -> tuple[Branch, Deployment]:
    """The branch, and what it shows. Raises `BadRequest`, `NotFound`, `NotPossible`."""
    if request.deployment is not None:
        deployment = await deployments.get(tx, app, request.deployment)
        branch = await tx.get_one(Branch, deployment.branch_id)
        if request.branch is not None and request.branch != branch.name:
            raise BadRequest(
                f"d{deployment.number} is not of {request.branch[:60]!r}, but of {branch.name!r}.",
                "Name one of both.",
            )
    elif request.branch is not None:
        branch = await apps.get_branch(tx, app, request.branch)
    else:
        raise BadRequest("What is to be reviewed?", "Name a deployment, or a branch with --branch.")
    shown = await _shown(tx, app, branch)
    if request.deployment not in (None, shown.number):
        raise NotPossible(
            f"d{request.deployment} is not what {branch.name} shows: that is d{shown.number}.",
            f"Ask for a review of the branch: `sandbox review request --branch {shlex.quote(branch.name)}`.",
        )
    return branch, shown


async def _shown(tx: AsyncSession, app: App, branch: Branch) -> Deployment:
    """Raises `NotPossible`."""
    shown = await tx.get(Deployment, branch.current_id) if branch.current_id else None
    if shown is None or branch.removed_at:
        raise NotPossible(
            f"{branch.name} shows nothing that could be tried.",
            f"Push it, and wait until it is ready: `sandbox status --app {app.name}`.",
        )
    if not (may(shown.status).promote or Status(shown.status) in UNFINISHED):
        raise NotPossible(
            f"d{shown.number} of {branch.name} is {shown.status}, so nobody can try it.",
            f"See why: `sandbox logs d{shown.number}`.",
        )
    return shown


async def _check_room(tx: AsyncSession, branch: Branch, now: datetime) -> None:
    """Raises `QuotaReached`."""
    if len(await reviews.open_ones(tx, branch.id or 0, now)) >= MOST_OPEN:
        raise QuotaReached(
            f"{branch.name} has {MOST_OPEN} links that are good, as many as a branch may have.",
            "Revoke those that nobody needs: `sandbox review list`, `sandbox review revoke`.",
        )
