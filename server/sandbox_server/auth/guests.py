"""From a review link to the person whom it was made for. Whoever has the link is taken for that person, and no more."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import review_link
from sandbox_server.errors import LinkOver, NotFound
from sandbox_server.store import Sealer, Store
from sandbox_server.store.reviews import link_of
from sandbox_server.store.tables import App, Branch
from sandbox_server.store.tables_review import Review


@dataclass(frozen=True)
class Guest:
    """Who opened a review link: may try one branch of one app, comment and judge, and nothing else."""

    review_id: int
    app: str
    branch: str
    name: str
    email: str
    expires_at: datetime
    by: str
    """Who asked."""
    title: str
    """Of the app, as people call it."""


@dataclass(frozen=True)
class Link:
    """A link's rows."""

    review: Review
    app: App
    branch: Branch


async def guest_of_link(store: Store, sealer: Sealer, token: str, now: datetime) -> Guest:
    """Raises `NotFound` for what is no link of this server, `LinkOver` for one that is of no use any more."""
    async with store.read() as tx:
        link = await _link(tx, review_link.id_in(token))
    if link is None or not link_of(link.review).is_token(token, sealer.derive):
        raise _unknown()
    check_open(link, now)
    review, app = link.review, link.app
    return Guest(
        review_id=review.id or 0, app=app.name, branch=link.branch.name, name=review.name, email=review.email,
        expires_at=review.expires_at, by=review.by, title=app.title or app.name,
    )  # fmt: skip


async def open_link(tx: AsyncSession, guest: Guest, now: datetime) -> Link:
    """Its rows, looked at again in this transaction. Raises `LinkOver` if it was withdrawn meanwhile."""
    link = await _link(tx, guest.review_id)
    if link is None:
        raise _unknown()
    check_open(link, now)
    return link


def check_open(link: Link, now: datetime) -> None:
    """Raises `LinkOver`."""
    review = link.review
    hint = f"Ask {review.by} for a new one."
    if link.app.removed_at or link.branch.removed_at:
        raise LinkOver("What this link led to was removed.", f"Ask {review.by} what became of it.")
    if review.revoked_at:
        raise LinkOver("This link was withdrawn.", hint)
    if now >= review.expires_at:
        raise LinkOver(f"This link was good until {review.expires_at:%-d %B %Y, %H:%M} UTC.", hint)


async def _link(tx: AsyncSession, review_id: int | None) -> Link | None:
    query = (
        select(Review, App, Branch)
        .join(App, col(App.id) == col(Review.app_id))
        .join(Branch, col(Branch.id) == col(Review.branch_id))
        .where(col(Review.id) == review_id)
    )
    found = (await tx.exec(query)).first() if review_id is not None else None
    return Link(*found) if found else None


def _unknown() -> NotFound:
    """One answer to everything that is no link: nobody learns which part of it was right."""
    return NotFound(
        "This link leads nowhere: a part of it is missing, or it was changed on its way.",
        "Open it just as you got it, or ask whoever sent it for a new one.",
    )
