"""Listen: ask runners how their sessions do, and keep what they say as figures.

Each event is counted once, also if the server is killed: how far an instance was counted is written in the
transaction of the counts.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import report, tally
from sandbox_server.domain.edge import Server
from sandbox_server.domain.instance import InstanceState
from sandbox_server.domain.kind import Kind
from sandbox_server.domain.report import Report
from sandbox_server.operations import measure
from sandbox_server.operations.parts import Heard, Parts
from sandbox_server.runtime.base import ContainerState
from sandbox_server.store import figures, instances
from sandbox_server.store.tables import Deployment, Instance

IDLE = 30.0
"""Seconds between two questions to an instance without sessions."""
NEW = 60.0
"""Seconds for which an instance counts as new."""

_AT_ONCE = 20
_PATIENCE = 2.0
_ANSWERING = (InstanceState.up, InstanceState.draining)
_PATH = "/__sandbox__"


@dataclass(frozen=True)
class _Told:
    row: Instance
    report: Report


async def listen(parts: Parts) -> None:
    """One round over all instances that answer, every few seconds. Raises nothing of what runners do."""
    async with parts.store.read() as tx:
        leased = await instances.live(tx)
        live = [row for row in leased if row.state in _ANSWERING]
        spoken = await _with_runner(tx, live)
    _forget(parts, leased)
    due = [row for row in live if row.id in spoken and _is_due(parts, row)]
    told = await _ask_all(parts, _patiently(parts, due))
    await _keep(parts, live, told, await measure.requests(parts, live))


async def hear(parts: Parts, row: Instance, patience: float = _PATIENCE) -> Report | None:
    """Ask one instance now; None if it does not answer, or answers what is no report. Kept in `parts.heard`."""
    after = tally.load(row.counted).number
    said = await _ask(parts, row, "GET", f"/report?after={after}", most=report.LONGEST + 1, patience=patience)
    heard = parts.heard.setdefault(row.name, Heard())
    heard.asked = parts.monotonic()
    with suppress(ValueError):
        if said is not None:
            heard.report, heard.at, heard.silent_since = report.read(said), parts.monotonic(), None
            return heard.report
    if heard.silent_since is None:
        heard.silent_since = heard.asked
    return None


async def last_words(parts: Parts, row: Instance) -> None:
    """Before an instance is ended: what it has to tell since it was last asked. Does not wait for a silent one."""
    heard = parts.heard.get(row.name)
    container = parts.observed.containers.get(row.name)
    if heard is None or heard.report is None or heard.silent_since is not None:
        return
    if container is None or container.state is not ContainerState.running:
        return
    async with parts.store.read() as tx:
        fresh = await tx.get_one(Instance, row.id)
    if (said := await hear(parts, fresh, patience=1)) is not None:
        await keep(parts, fresh, said)


async def keep(parts: Parts, row: Instance, said: Report) -> None:
    """Count what this instance answered; `row` is as it was when it was asked."""
    await _keep(parts, [], [_Told(row, said)], {})


async def notify(parts: Parts, row: Instance, notice: Mapping[str, Any]) -> bool:
    """Show a notice in every page of the instance, or take it away; False if its runner did not take it."""
    body = json.dumps(notice).encode()
    return await _ask(parts, row, "PUT", "/notice", body=body) is not None


async def _ask(
    parts: Parts, row: Instance, method: str, path: str, *, body: bytes = b"", most: int = 4096,
    patience: float = _PATIENCE,
) -> bytes | None:  # fmt: skip
    if row.address is None:
        return None
    return await parts.runtime.ask(
        row.name, IPv4Address(row.address), method, _PATH + path,
        secret=parts.sealer.derive(f"runner {row.name}"), body=body, most=most, patience=patience,
    )  # fmt: skip


async def _with_runner(tx: AsyncSession, live: Sequence[Instance]) -> set[int | None]:
    """Ids of those whose content has sessions; the others have nobody who could answer."""
    wanted = {row.deployment_id for row in live}
    query = select(Deployment.id, Deployment.kind).where(col(Deployment.id).in_(wanted))
    kinds = dict((await tx.exec(query)).all()) if wanted else {}
    return {row.id for row in live if Kind(kinds[row.deployment_id]).has_runner}


def _forget(parts: Parts, leased: Sequence[Instance]) -> None:
    for name in parts.heard.keys() - {row.name for row in leased}:
        del parts.heard[name]


def _is_due(parts: Parts, row: Instance) -> bool:
    heard = parts.heard.get(row.name)
    if heard is None or heard.report is None or heard.silent_since is not None:
        return True
    if heard.report.sessions or heard.report.visits or _connections(parts, row):
        return True
    if (parts.clock() - row.created_at).total_seconds() < NEW:
        return True
    return parts.monotonic() - heard.asked >= IDLE


def _patiently(parts: Parts, due: Sequence[Instance]) -> list[Instance]:
    """With only some of the silent ones in each round: nobody is to wait long for others' patience."""
    silent = [row for row in due if (heard := parts.heard.get(row.name)) and heard.silent_since is not None]
    names = {row.name for row in silent}
    silent.sort(key=lambda row: parts.heard[row.name].asked)
    return [row for row in due if row.name not in names] + silent[:_AT_ONCE]


def _connections(parts: Parts, row: Instance) -> int:
    return (parts.observed.sessions or {}).get(Server(f"slot{row.slot}", row.server or 0), 0)


async def _ask_all(parts: Parts, rows: Sequence[Instance]) -> list[_Told]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(row: Instance) -> _Told | None:
        async with places:
            said = await hear(parts, row)
        return _Told(row, said) if said else None

    return [told for told in await asyncio.gather(*map(one, rows)) if told]


async def _keep(
    parts: Parts, live: Sequence[Instance], told: Sequence[_Told], requests: measure.ByDeployment
) -> None:
    """In one transaction, and only if there is something to say."""
    eventful = {_key(one.row) for one in told if tally.has_news(one.report, tally.load(one.row.counted))}
    gauges = measure.gauges(parts, live, eventful | requests.keys())
    # R's time is counted with whatever else is.
    fresh = [one for one in told if _key(one.row) in eventful | gauges.keys()]
    if not (fresh or gauges or requests):
        return
    now = parts.clock()
    async with parts.store.write() as tx:
        for one in fresh:
            await _count(tx, one, parts)
        for (deployment, scope), counts in (*requests.items(), *gauges.items()):
            await figures.add(tx, deployment, scope, now, counts)
    parts.measured.written.update(dict.fromkeys(gauges, figures.floor(now, "minute")))


async def _count(tx: AsyncSession, one: _Told, parts: Parts) -> None:
    row = await tx.get_one(Instance, one.row.id)
    before = tally.load(row.counted)
    if row.counted != one.row.counted and one.report.last < before.number:
        return  # a later answer was counted meanwhile
    found = tally.tally(one.report, before, row.created_at, parts.clock())
    row.counted = found.counted.dump()
    tx.add(row)
    for minute, counts in found.counts.items():
        await figures.add(tx, row.deployment_id, row.scope, minute, counts)
    await figures.meet(tx, row.deployment_id, row.scope, found.met)


def _key(row: Instance) -> tuple[int, str]:
    return row.deployment_id, row.scope
