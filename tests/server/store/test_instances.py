"""Instances that ended."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from tests.server.store.rows import NOON, a_deployment

from sandbox_server.domain.instance import InstanceState, Leaving, Scope
from sandbox_server.store import Store, instances
from sandbox_server.store.tables import Instance

pytestmark = pytest.mark.anyio

WEEK = NOON + timedelta(days=7)


async def one(
    tx: AsyncSession,
    ended_at: datetime | None = NOON,
    spec: str = "s",
    *,
    visited: bool = False,
    why: str = "",
) -> int:
    deployment = await a_deployment_once(tx)
    number = len(list(await tx.exec(select(Instance.id))))
    row = Instance(
        app_id=deployment[0], deployment_id=deployment[1], scope=Scope.release, spec_hash=spec, name=f"i{number}",
        worker=f"w{number}", visited=visited, drains_why=why, created_at=NOON, ended_at=ended_at,
        state=InstanceState.ended if ended_at else InstanceState.up,
    )  # fmt: skip
    tx.add(row)
    await tx.flush()
    return row.id or 0


async def a_deployment_once(tx: AsyncSession) -> tuple[int, int]:
    known = (await tx.exec(select(Instance.app_id, Instance.deployment_id).limit(1))).first()
    if known is not None:
        return known[0], known[1]
    deployment = await a_deployment(tx)
    return deployment.app_id, deployment.id or 0


async def test_what_ended_long_ago_is_forgotten_but_for_what_is_known_by_it(store: Store) -> None:
    async with store.write() as tx:
        live = await one(tx, None)
        await one(tx, visited=True)
        seen = await one(tx, visited=True)
        await one(tx)
        late = await one(tx, WEEK)
        await one(tx, why=Leaving.asked)
        asked = await one(tx, why=Leaving.asked)
        other = await one(tx, spec="other")
        await instances.forget(tx, WEEK)
    async with store.read() as tx:
        left = list(await tx.exec(select(Instance.id).order_by(col(Instance.id))))
        deployment = (await tx.exec(select(Instance.deployment_id).limit(1))).one()
        assert await instances.withdrawn(tx, {deployment}) == {(deployment, "s")}
    assert left == [live, seen, late, asked, other]
