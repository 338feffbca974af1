"""Containers that wait with a library loaded. Each holds an address, as instances do."""

import secrets
from collections.abc import Collection
from datetime import datetime
from ipaddress import IPv4Network

from sqlmodel import col, delete, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.instance import InstanceState, free_address
from sandbox_server.domain.waiting import Shape
from sandbox_server.errors import Full
from sandbox_server.store.tables import Counter, Instance, Warm

_ADDRESSES = "addresses"


async def every(tx: AsyncSession) -> list[Warm]:
    """Oldest first."""
    return list(await tx.exec(select(Warm).order_by(col(Warm.id))))


async def add(
    tx: AsyncSession, shape: Shape, image: str, *, platform: str, subnet: IPv4Network, now: datetime
) -> Warm:
    """A new row with an address. Raises `Full`."""
    ordinal = await next_ordinal(tx)
    address = free_address(subnet, await addresses(tx), ordinal)
    if address is None:
        raise Full("This machine has no address left for another instance.")
    row = Warm(
        library=shape.library, image=image, packages=sorted(shape.packages), memory=shape.memory,
        cpus=shape.cpus, name=f"sbx-{platform}-warm-{secrets.token_hex(4)}", address=address,
        state="starting", created_at=now,
    )  # fmt: skip
    tx.add(row)
    await tx.flush()
    return row


async def move(tx: AsyncSession, row: Warm, state: str) -> bool:
    """False if somebody else moved it first, or if it is gone."""
    query = update(Warm).where(col(Warm.name) == row.name, col(Warm.state) == row.state).values(state=state)
    return bool((await tx.exec(query)).rowcount)


async def forget(tx: AsyncSession, row: Warm) -> None:
    await tx.exec(delete(Warm).where(col(Warm.name) == row.name))


async def addresses(tx: AsyncSession) -> set[str]:
    """All that are held, by instances too."""
    leased = await tx.exec(select(Instance.address).where(Instance.state != InstanceState.ended))
    return {address or "" for address in leased} | set(await tx.exec(select(Warm.address)))


async def next_ordinal(tx: AsyncSession) -> int:
    """From where a free address is looked for: further on each time, also when what was made is forgotten."""
    counter = await tx.get(Counter, _ADDRESSES)
    if counter is None:
        made = (await tx.exec(select(func.max(Instance.id)))).one()
        counter = Counter(name=_ADDRESSES, value=made or 0)
    counter.value += 1
    tx.add(counter)
    return counter.value


async def claimed_at(tx: AsyncSession, address: str) -> Warm | None:
    """The one whose address an instance took over, while it is on its way to become it."""
    query = select(Warm).where(Warm.address == address, Warm.state == "claimed")
    return (await tx.exec(query)).first()


def shape_of(row: Warm) -> Shape:
    return Shape(row.library, frozenset(row.packages), row.memory, row.cpus)


def best(rows: Collection[Warm], wanted: Shape) -> Warm | None:
    """Of those that are ready and suit, the one that has most loaded."""
    suiting = [row for row in rows if row.state == "ready" and shape_of(row).suits(wanted)]
    return max(suiting, key=lambda row: len(row.packages), default=None)
