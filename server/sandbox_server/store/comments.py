"""Comments on deployments, and answers to them. Lists find ids in an index first: the rows are long."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import defer
from sqlmodel import col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.errors import NotFound
from sandbox_server.store import events
from sandbox_server.store.tables import App, Branch, Deployment
from sandbox_server.store.tables_review import Comment

LISTED_ANSWERS = 5
"""So many of each comment stand in a list: all of fifty comments might be a hundred megabytes."""


@dataclass(frozen=True)
class Told:
    """A comment with what names its place. `row.log` is there only if it was asked for."""

    row: Comment
    branch: str
    deployment: int
    answers: Sequence[Comment] = ()
    """Oldest first; in lists the newest alone."""
    answered: int = 0
    """How many there are in all."""


async def add(tx: AsyncSession, row: Comment) -> Comment:
    """Returns the row with its id."""
    tx.add(row)
    await tx.flush()
    return row


async def sent_before(tx: AsyncSession, row: Comment) -> Comment | None:
    """What came with this row's key from the same person."""
    query = select(Comment).where(Comment.review_id == row.review_id, Comment.key == row.key)
    if row.review_id is None:
        query = query.where(Comment.app_id == row.app_id, Comment.user == row.user)
    return (await tx.exec(query)).first()


async def get(tx: AsyncSession, app: App, comment_id: int, branch: str | None = None) -> Comment:
    """A comment that is no answer, of that branch if one is named. Raises `NotFound`."""
    query = select(Comment).where(
        Comment.id == comment_id, Comment.app_id == app.id, col(Comment.parent_id).is_(None)
    )
    if branch is not None:
        query = query.join(Branch).where(Branch.name == branch)
    row = (await tx.exec(query)).first()
    if row is None:
        raise NotFound(
            f"{app.name} has no comment {comment_id}.", f"See them: `sandbox review list --app {app.name}`."
        )
    return row


async def one(tx: AsyncSession, row: Comment) -> Told:
    """With its answers, and its log."""
    branch = await tx.get_one(Branch, row.branch_id)
    deployment = await tx.get_one(Deployment, row.deployment_id)
    answers = await tx.exec(select(Comment).where(Comment.parent_id == row.id).order_by(col(Comment.id)))
    found = answers.all()
    return Told(row, branch.name, deployment.number, found, len(found))


async def page(
    tx: AsyncSession,
    app_id: int,
    branch_id: int | None = None,
    review_id: int | None = None,
    *,
    open_only: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> list[Told]:
    """Newest first, without their logs, and each with its newest answers alone."""
    chosen = _chosen(app_id, branch_id, review_id)
    query = select(Comment.id).where(*chosen, *(are_open() if open_only else _LISTED))
    if before is not None:
        query = query.where(col(Comment.id) < before)
    ids = [found or 0 for found in await tx.exec(query.order_by(col(Comment.id).desc()).limit(limit))]
    return await _told(tx, ids)


async def count_open(
    tx: AsyncSession, app_id: int, branch_id: int | None = None, review_id: int | None = None
) -> int:
    """Of branches that were not removed."""
    chosen = _chosen(app_id, branch_id, review_id)
    return (await tx.exec(select(func.count()).select_from(Comment).where(*chosen, *are_open()))).one()


async def open_by_branch(tx: AsyncSession, app_id: int | None = None) -> dict[int, int]:
    """How many are open, by branch id; branches without any are left out."""
    query = select(Comment.branch_id, func.count()).where(*_UNRESOLVED).group_by(col(Comment.branch_id))
    if app_id is not None:
        query = query.where(Comment.app_id == app_id)
    return dict((await tx.exec(query)).all())


async def sent(tx: AsyncSession, review_id: int, since: datetime | None = None) -> int:
    """How many comments and answers came by a link."""
    query = select(func.count()).select_from(Comment).where(Comment.review_id == review_id)
    if since is not None:
        query = query.where(Comment.created_at > since)
    return (await tx.exec(query)).one()


async def answered(tx: AsyncSession, comment_id: int) -> int:
    """How many answers it has."""
    query = select(func.count()).select_from(Comment).where(Comment.parent_id == comment_id)
    return (await tx.exec(query)).one()


async def newest_of_link(tx: AsyncSession, review_id: int) -> int:
    """Id of the newest comment or answer that came by a link; 0: none."""
    query = select(func.max(Comment.id)).where(Comment.review_id == review_id)
    return (await tx.exec(query)).one() or 0


async def texts_of_link(tx: AsyncSession, review_id: int, first: int) -> list[str]:
    """What came by a link from the one with this id on, oldest first."""
    query = select(Comment.text).where(Comment.review_id == review_id, col(Comment.id) >= first)
    return list(await tx.exec(query.order_by(col(Comment.id))))


async def pictures_of(tx: AsyncSession, review_id: int) -> set[str]:
    """Digests of all that were given by a link."""
    query = select(Comment.picture).where(Comment.review_id == review_id, Comment.picture != "")
    return set(await tx.exec(query))


async def needed_pictures(tx: AsyncSession) -> set[str]:
    """Digests of all pictures that somebody may still look at: those of apps that are there."""
    query = (
        select(Comment.picture)
        .join(App, col(App.id) == col(Comment.app_id))
        .where(Comment.picture != "", col(App.removed_at).is_(None))
    )
    return set(await tx.exec(query))


async def settle(tx: AsyncSession, row: Comment, at: datetime | None, by: str) -> bool:
    """Resolve it, or open it again without a time. False: it was so already."""
    now_open = col(Comment.resolved_at).is_(None)
    query = (
        update(Comment)
        .where(col(Comment.id) == row.id, now_open if at else ~now_open)
        .values(resolved_at=at, resolved_by=by if at else "")
    )
    return bool((await tx.exec(query)).rowcount)


def are_open() -> tuple[ColumnElement[bool], ...]:
    """What holds for them: no answers, not resolved, of branches that are there."""
    standing = select(Branch.id).where(col(Branch.removed_at).is_(None))
    return *_UNRESOLVED, col(Comment.branch_id).in_(standing)


async def record(tx: AsyncSession, row: Comment, action: str, *, at: datetime, by: str) -> None:
    """The history's row of it: on which deployment, and which comment; never what was written."""
    app = await tx.get_one(App, row.app_id)
    deployment = await tx.get_one(Deployment, row.deployment_id)
    await events.record(
        tx, at=at, by=by, action=f"comment.{action}", app=app.name, subject=f"d{deployment.number}",
        new=f"comment {row.parent_id or row.id}",
    )  # fmt: skip


_LISTED = (col(Comment.parent_id).is_(None),)
_UNRESOLVED = (*_LISTED, col(Comment.resolved_at).is_(None))


def _chosen(app_id: int, branch_id: int | None, review_id: int | None) -> list[ColumnElement[bool]]:
    chosen = [col(Comment.app_id) == app_id]
    if branch_id is not None:
        chosen.append(col(Comment.branch_id) == branch_id)
    if review_id is not None:
        chosen.append(col(Comment.review_id) == review_id)
    return chosen


async def _told(tx: AsyncSession, ids: Sequence[int]) -> list[Told]:
    query = (
        select(Comment, Branch.name, Deployment.number)
        .join(Branch, col(Branch.id) == col(Comment.branch_id))
        .join(Deployment, col(Deployment.id) == col(Comment.deployment_id))
        .where(col(Comment.id).in_(ids))
        .order_by(col(Comment.id).desc())
        .options(defer(Comment.log))  # type: ignore[arg-type]
    )
    rows = (await tx.exec(query)).all()
    answers, counts = await _newest_answers(tx, ids)
    return [
        Told(row, branch, number, answers[row.id or 0], counts.get(row.id or 0, 0))
        for row, branch, number in rows
    ]


async def _newest_answers(
    tx: AsyncSession, ids: Collection[int]
) -> tuple[Mapping[int, list[Comment]], Mapping[int, int]]:
    """Of each comment the newest, oldest first, and how many there are in all."""
    ranked = (
        select(
            Comment.id,
            func.row_number()
            .over(partition_by=col(Comment.parent_id), order_by=col(Comment.id).desc())
            .label("nth"),
            func.count().over(partition_by=col(Comment.parent_id)).label("count"),
        )
        .where(col(Comment.parent_id).in_(ids))
        .subquery()
    )
    found, counts = defaultdict[int, list[Comment]](list), dict[int, int]()
    query = (
        select(Comment, ranked.c.count)
        .join(ranked, ranked.c.id == Comment.id)
        .where(ranked.c.nth <= LISTED_ANSWERS)
        .order_by(col(Comment.id))
        .options(defer(Comment.log))  # type: ignore[arg-type]
    )
    for row, count in await tx.exec(query):
        found[row.parent_id or 0].append(row)
        counts[row.parent_id or 0] = count
    return found, counts
