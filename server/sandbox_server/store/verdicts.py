"""What people said of deployments: rows are added, never changed."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.store.tables_review import Verdict


@dataclass
class Given:
    """What lists say of a verdict: its text and its steps are long."""

    id: int | None
    deployment_id: int
    email: str
    name: str
    outcome: str
    created_at: datetime
    review_id: int
    user: str
    identified: str
    image: str
    variables_at: int


async def of_deployment(tx: AsyncSession, deployment_id: int) -> list[Verdict]:
    """Newest first."""
    return await of_deployments(tx, [deployment_id])


async def of_deployments(tx: AsyncSession, deployment_ids: Collection[int]) -> list[Verdict]:
    """Newest first."""
    query = select(Verdict).where(col(Verdict.deployment_id).in_(deployment_ids))
    return list(await tx.exec(query.order_by(col(Verdict.id).desc())))


async def given(tx: AsyncSession, deployment_ids: Collection[int]) -> list[Given]:
    """Newest first."""
    columns = [col(getattr(Verdict, field.name)) for field in fields(Given)]
    query = select(*columns).where(col(Verdict.deployment_id).in_(deployment_ids))
    return [Given(*row) for row in await tx.exec(query.order_by(col(Verdict.id).desc()))]


async def of_links(tx: AsyncSession, review_ids: Collection[int]) -> list[Verdict]:
    """Newest first."""
    query = select(Verdict).where(col(Verdict.review_id).in_(review_ids))
    return list(await tx.exec(query.order_by(col(Verdict.id).desc())))


async def of_link_on(tx: AsyncSession, review_id: int, deployment_id: int) -> list[Verdict]:
    """By one link on one deployment, newest first."""
    return [one for one in await of_links(tx, [review_id]) if one.deployment_id == deployment_id]
