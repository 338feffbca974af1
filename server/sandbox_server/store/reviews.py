"""Review links: who was asked to try which branch, until when."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.person import person
from sandbox_server.domain.review_link import Link
from sandbox_server.errors import NotFound
from sandbox_server.store.tables import App
from sandbox_server.store.tables_review import Comment, Review


async def get(tx: AsyncSession, app: App, review_id: int) -> Review:
    """Raises `NotFound`."""
    row = await tx.get(Review, review_id)
    if row is None or row.app_id != app.id:
        raise NotFound(
            f"{app.name} has no review {review_id}.", f"See them: `sandbox review list --app {app.name}`."
        )
    return row


async def of_app(
    tx: AsyncSession, app_id: int, branch_id: int | None = None, limit: int | None = None
) -> list[Review]:
    """Newest first."""
    query = select(Review).where(Review.app_id == app_id).order_by(col(Review.id).desc())
    if branch_id is not None:
        query = query.where(Review.branch_id == branch_id)
    return list(await tx.exec(query.limit(limit) if limit else query))


async def open_ones(tx: AsyncSession, branch_id: int, now: datetime) -> list[Review]:
    """Links that are of use, oldest first."""
    query = select(Review).where(
        Review.branch_id == branch_id, col(Review.revoked_at).is_(None), Review.expires_at > now
    )
    return list(await tx.exec(query.order_by(col(Review.id))))


async def codes_for(tx: AsyncSession, app_id: int, email: str) -> list[datetime]:
    """When one-time codes were made for this person, by whichever of the app's links: those that are remembered."""
    domain = f"@{email.rpartition('@')[2].lower()}"
    query = select(Review.email, Review.codes).where(
        Review.app_id == app_id, func.lower(col(Review.email)).endswith(domain, autoescape=True)
    )
    made = [codes for mail, codes in await tx.exec(query) if person(mail) == person(email)]
    return [datetime.fromisoformat(at) for codes in made for at in codes]


async def revoke(tx: AsyncSession, review: Review, by: str, now: datetime) -> bool:
    """False: it was before."""
    done = await tx.exec(
        update(Review)
        .where(col(Review.id) == review.id, col(Review.revoked_at).is_(None))
        .values(revoked_at=now, revoked_by=by)
    )
    await tx.refresh(review)
    return bool(done.rowcount)


async def revoked(tx: AsyncSession, review_ids: Collection[int]) -> dict[int, datetime]:
    """When somebody took links back; those that are good, or went with their branch, are left out."""
    query = select(Review.id, Review.revoked_at).where(
        col(Review.id).in_(review_ids), col(Review.revoked_at).is_not(None), Review.revoked_by != ""
    )
    return {id: at for id, at in await tx.exec(query) if id is not None and at is not None}


async def open_comments(tx: AsyncSession, review_ids: Collection[int]) -> dict[int, int]:
    """How many comments that came by these links are not resolved; links without any are left out."""
    query = (
        select(Comment.review_id, func.count())
        .where(
            col(Comment.review_id).in_(review_ids),
            col(Comment.parent_id).is_(None),
            col(Comment.resolved_at).is_(None),
        )
        .group_by(col(Comment.review_id))
    )
    return {review_id: count for review_id, count in await tx.exec(query) if review_id is not None}


def link_of(review: Review) -> Link:
    assert review.id is not None
    return Link(
        id=review.id, app_id=review.app_id, branch_id=review.branch_id, email=review.email,
        expires_at=review.expires_at, nonce=review.nonce,
    )  # fmt: skip
