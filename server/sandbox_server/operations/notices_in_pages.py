"""Notices in pages: people on an instance that ends, or on what is not the newest, are told in their open pages."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from sandbox_server.domain.instance import InstanceState
from sandbox_server.domain.page_notice import PageNotice, page_notice
from sandbox_server.operations import listen, retire
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.rows import Rows, rows
from sandbox_server.store.tables import Instance

_AT_ONCE = 10


async def show(parts: Parts) -> None:
    """One look at all pages: give runners the notice that they should show, if they do not say that they do."""
    found = await rows(parts)
    newest = _shown(parts, found)
    due = [
        (row, notice)
        for row in found.live
        if row.state in (InstanceState.up, InstanceState.draining) and found.has_runner(row)
        if _differs(parts, row, notice := _notice(parts, found, row, newest))
    ]
    places = asyncio.Semaphore(_AT_ONCE)

    async def give(row: Instance, notice: PageNotice) -> None:
        async with places:
            if await listen.notify(parts, row, asdict(notice)):
                _remember(parts, row, notice)

    await asyncio.gather(*(give(row, notice) for row, notice in due))


def _notice(parts: Parts, found: Rows, row: Instance, newest: set[int]) -> PageNotice:
    patience = retire.deadline(parts, found, row)
    return page_notice(
        draining=row.state == InstanceState.draining,
        drain_until=row.drain_until,
        move_at=row.move_at,
        deadline=_later(row.drains_since, patience),
        outdated=found.config(row.deployment_id).update_notice and row.id not in newest,
        now=parts.clock(),
    )


def _later(since: datetime | None, seconds: float) -> datetime | None:
    return None if since is None or seconds == float("inf") else since + timedelta(seconds=seconds)


def _shown(parts: Parts, found: Rows) -> set[int]:
    """Ids of instances that new visitors get: what the releases and the branches show now."""
    runs = found.runs(0, parts.clock())
    return {
        row.id or 0
        for run in runs
        if run.spec_hash or run.deployment in found.shown
        for row in _of(found, run.deployment, run.scope)
    }


def _of(found: Rows, deployment_id: int, scope: str) -> Iterable[Instance]:
    """Any spec: other variables are no newer version."""
    return (row for row in found.live if (row.deployment_id, row.scope) == (deployment_id, scope))


def _differs(parts: Parts, row: Instance, notice: PageNotice) -> bool:
    heard = parts.heard.get(row.name)
    if heard is None or heard.report is None or heard.silent_since is not None:
        return False  # it is asked again in a moment
    return heard.report.notice != notice.id


def _remember(parts: Parts, row: Instance, notice: PageNotice) -> None:
    heard = parts.heard.get(row.name)
    if heard is not None and heard.report is not None:
        heard.report = replace(heard.report, notice=notice.id)
