"""Instances and the leases that they hold."""

import secrets
from collections.abc import Collection
from datetime import datetime
from ipaddress import IPv4Network

from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.instance import (
    RETURNS,
    InstanceState,
    Leaving,
    Scope,
    Spec,
    container_name,
    free_address,
)
from sandbox_server.errors import Full
from sandbox_server.store import events, warm
from sandbox_server.store.tables import App, Deployment, Instance

_REASONS = {Leaving.surplus: "fewer are enough", Leaving.hung: "it does not answer"}


async def live(tx: AsyncSession, deployment_id: int | None = None) -> list[Instance]:
    """All that hold a lease, oldest first."""
    query = select(Instance).where(Instance.state != InstanceState.ended).order_by(col(Instance.id))
    if deployment_id is not None:
        query = query.where(Instance.deployment_id == deployment_id)
    return list(await tx.exec(query))


async def of_deployment(tx: AsyncSession, deployment_id: int) -> list[Instance]:
    """Ended ones included, oldest first."""
    query = select(Instance).where(Instance.deployment_id == deployment_id).order_by(col(Instance.id))
    return list(await tx.exec(query))


async def newest(tx: AsyncSession, deployment_id: int, scope: str, limit: int = 20) -> list[Instance]:
    """Ended ones included, newest first."""
    query = select(Instance).where(Instance.deployment_id == deployment_id, Instance.scope == scope)
    return list(await tx.exec(query.order_by(col(Instance.id).desc()).limit(limit)))


async def withdrawn(tx: AsyncSession, deployment_ids: Collection[int]) -> set[tuple[int, str]]:
    """Deployment and spec hash of released instances of which somebody asked for the end, and none came since."""
    last = (
        select(func.max(Instance.id))
        .where(Instance.scope == Scope.release, col(Instance.deployment_id).in_(deployment_ids))
        .group_by(col(Instance.deployment_id), col(Instance.spec_hash))
    )
    query = select(Instance.deployment_id, Instance.spec_hash).where(
        col(Instance.id).in_(last), Instance.drains_why == Leaving.asked
    )
    return {(deployment, spec_hash) for deployment, spec_hash in await tx.exec(query)}


async def lease(
    tx: AsyncSession,
    app: App,
    deployment: Deployment,
    spec: Spec,
    *,
    variables_at: int,
    platform: str,
    subnet: IPv4Network,
    slots: int,
    servers_per_slot: int,
    apart: bool = False,
    now: datetime,
) -> Instance:
    """A new row with a slot shared by its equals, a server of that slot and an address. Raises `Full`.

    `apart` takes a slot of its own: what is still to be visited must not get page loads of those that were.
    """
    assert app.id is not None
    assert deployment.id is not None
    holding = await live(tx)
    equals = [] if apart else [row for row in holding if _equal(row, deployment.id, spec.hash)]
    # Beside one that users are led to: another one may still be waiting for its visit.
    equals.sort(key=lambda row: row.state == InstanceState.up and row.visited)
    slot, server = _free_server(holding, equals, slots, servers_per_slot)
    last = (await tx.exec(select(Instance).order_by(col(Instance.id).desc()).limit(1))).first()
    ordinal = (last.id or 0) + 1 if last else 1
    address = free_address(subnet, await warm.addresses(tx), await warm.next_ordinal(tx))
    if address is None:
        raise Full("This machine has no address left for another instance.")
    row = Instance(
        app_id=app.id, deployment_id=deployment.id, scope=spec.scope, spec_hash=spec.hash,
        variables_at=variables_at,
        name=container_name(platform, app.name, deployment.number, spec.scope, spec.hash, ordinal),
        worker=secrets.token_hex(8), slot=slot, server=server, address=address,
        state=InstanceState.starting, created_at=now,
    )  # fmt: skip
    tx.add(row)
    await tx.flush()
    return row


async def drain(
    tx: AsyncSession, row: Instance, by: str, now: datetime, why: Leaving = Leaving.unneeded
) -> None:
    """No new page loads from now on; whoever is on it may finish. Nothing, if it has no traffic.

    If somebody asked for its end before it had any, that stays the reason.
    """
    if row.state != InstanceState.up:
        return
    why = Leaving.asked if row.drains_why == Leaving.asked else why
    row.state, row.drains_since, row.drains_why = InstanceState.draining, now, why
    tx.add(row)
    await _tell(tx, row, "instance.drained", by, now, _REASONS.get(why, ""))


def returns(row: Instance) -> bool:
    """Does it drain in a way that lets it come back?"""
    if row.state != InstanceState.draining or row.drain_until is not None or row.move_at is not None:
        return False
    return row.drains_why in RETURNS


async def bring_back(tx: AsyncSession, row: Instance, now: datetime) -> None:
    """A draining one gets page loads again."""
    row.state, row.drains_since, row.drains_why = InstanceState.up, None, Leaving.unneeded
    tx.add(row)
    await _tell(tx, row, "instance.returned", "platform", now)


async def end(tx: AsyncSession, row: Instance, now: datetime) -> None:
    """Give the lease back. Only once neither the edge nor the engine knows the instance any more."""
    if row.state != InstanceState.ended:
        await _tell(tx, row, "instance.ended", "platform", now)
    tx.add(row)
    row.slot = row.server = row.address = None
    row.visit_pin = ""
    row.state, row.ended_at = InstanceState.ended, now
    await tx.flush()


async def forget(tx: AsyncSession, before: datetime) -> None:
    """Those that ended before then. Of each deployment, scope and spec the newest stays, and the newest on which a
    session came up: they say what is known of it."""
    spec = (col(Instance.deployment_id), col(Instance.scope), col(Instance.spec_hash))
    newest = select(func.max(Instance.id)).group_by(*spec)
    await tx.exec(
        delete(Instance).where(
            col(Instance.state) == InstanceState.ended,
            col(Instance.ended_at) < before,
            col(Instance.id).not_in(newest),
            col(Instance.id).not_in(newest.where(col(Instance.visited))),
        )
    )


def _equal(row: Instance, deployment_id: int, spec_hash: str) -> bool:
    return (row.deployment_id, row.spec_hash) == (deployment_id, spec_hash) and row.slot is not None


async def _tell(
    tx: AsyncSession, row: Instance, action: str, by: str, now: datetime, reason: str = ""
) -> None:
    app, deployment = await tx.get_one(App, row.app_id), await tx.get_one(Deployment, row.deployment_id)
    await events.record(
        tx, at=now, by=by, action=action, app=app.name, subject=f"d{deployment.number}", old=row.scope,
        reason=reason,
    )  # fmt: skip


def _free_server(
    holding: list[Instance], equals: list[Instance], slots: int, servers: int
) -> tuple[int, int]:
    if equals and (slot := equals[-1].slot) is not None:
        taken = {other.server for other in holding if other.slot == slot}
        free = next((number for number in range(1, servers + 1) if number not in taken), None)
        if free is None:
            raise Full(f"All {servers} places for instances of this deployment are taken by draining ones.")
        return slot, free
    used = {row.slot for row in holding}
    free_slot = next((number for number in range(slots) if number not in used), None)
    if free_slot is None:
        raise Full(f"All {slots} slots are taken.")
    return free_slot, 1
