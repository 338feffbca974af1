"""What people say of branches and deployments: the same few queries for one branch and for hundreds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.store.comments import are_open
from sandbox_server.store.tables import Branch
from sandbox_server.store.tables_review import Comment, Review, Verdict


@dataclass(frozen=True)
class Judged:
    """What a branch shows, or once showed, was judged."""

    branch: str
    verdict: Verdict


@dataclass(frozen=True)
class Invited:
    """Somebody with a link that still works."""

    branch: str
    name: str
    email: str


async def judged(tx: AsyncSession, app_id: int) -> list[Judged]:
    """Verdicts on what the app's branches show now, oldest first."""
    shown = Verdict.deployment_id == Branch.current_id
    return await _judged(tx, _verdicts().join(Branch, shown).where(Branch.app_id == app_id))


async def judged_on(tx: AsyncSession, deployment_id: int, branch_id: int) -> list[Judged]:
    """Verdicts on one deployment, oldest first."""
    query = _verdicts().join(Branch, col(Branch.id) == branch_id)
    return await _judged(tx, query.where(Verdict.deployment_id == deployment_id))


async def invited(tx: AsyncSession, app_id: int, now: datetime) -> list[Invited]:
    """Oldest first."""
    found = await tx.exec(
        select(Branch.name, Review.name, Review.email)
        .join(Branch, col(Branch.id) == Review.branch_id)
        .where(Review.app_id == app_id, col(Review.revoked_at).is_(None), Review.expires_at > now)
        .order_by(col(Review.id))
    )
    return [Invited(*row) for row in found]


async def open_comments_of_apps(tx: AsyncSession) -> dict[int, int]:
    """How many, by the app's id."""
    query = select(Comment.app_id, func.count()).where(*are_open()).group_by(col(Comment.app_id))
    return dict((await tx.exec(query)).all())


async def open_comments_on(tx: AsyncSession, app_id: int, branch_id: int, deployment_id: int) -> int:
    """How many of those that were made on one deployment of a branch."""
    query = select(func.count()).where(Comment.app_id == app_id, Comment.branch_id == branch_id)
    return (await tx.exec(query.where(Comment.deployment_id == deployment_id, *are_open()))).one()


def _verdicts() -> Any:
    return select(Branch.name, Verdict).select_from(Verdict)


async def _judged(tx: AsyncSession, query: Any) -> list[Judged]:
    return [Judged(*row) for row in await tx.exec(query.order_by(col(Verdict.id)))]
