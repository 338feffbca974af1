"""Availability: what the platform's own visits say of a release, beside what was promised; what owners should know."""

from datetime import timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import availability as rules
from sandbox_server.domain.release import in_force
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, notices, releases, visits
from sandbox_server.store.tables import App, Deployment
from sandbox_server.store.tables_seen import Notice as Row
from sandbox_server.store.tables_seen import Visit
from sandbox_server.wire_sessions import Availability, Day, Notice, Visited

_DAYS = 30
_TROUBLES = 20


async def availability(parts: Parts, app_name: str) -> Availability:
    """Of the last 30 days. Raises `NotFound`."""
    now = parts.clock()
    since = now - timedelta(days=_DAYS)
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        seen = await visits.since(tx, app.id or 0, since)
        last = await visits.newest(tx, app.id or 0)
        failed = await visits.newest(tx, app.id or 0, _TROUBLES, failed=True, after=since)
        numbers = await _numbers(tx, [*last, *failed])
        sla = await _sla(tx, app)
    return Availability(
        app=app.name,
        percent=rules.percent(seen, parts.settings.visit_every, now),
        promised=rules.promised(sla),
        sla=sla,
        visits=len(seen),
        last=_visited(last[0], numbers) if last else None,
        troubles=[_visited(visit, numbers) for visit in failed],
        days=[Day(at=day, visits=total, failed=bad) for day, total, bad in rules.by_day(seen)],
    )


async def open_notices(parts: Parts) -> list[Notice]:
    """Of all apps, newest first."""
    async with parts.store.read() as tx:
        rows = await notices.open_ones(tx)
        names = {row.app_id: (await tx.get_one(App, row.app_id)).name for row in rows}
    return [_notice(row, names[row.app_id]) for row in rows]


async def notices_of(parts: Parts, app_name: str, limit: int) -> list[Notice]:
    """Settled ones too, newest first. Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        rows = await notices.of_app(tx, app.id or 0, limit)
    return [_notice(row, app.name) for row in rows]


async def _sla(tx: AsyncSession, app: App) -> str:
    """What the release in force promises; before there is one, nothing was promised."""
    current = in_force(await releases.of_app(tx, app.id or 0))
    if current is None:
        return ""
    return str((await deployments.by_id(tx, current.deployment_id)).config.get("sla") or "")


async def _numbers(tx: AsyncSession, rows: list[Visit]) -> dict[int | None, int]:
    query = select(Deployment.id, Deployment.number).where(
        col(Deployment.id).in_({row.deployment_id for row in rows})
    )
    return dict((await tx.exec(query)).all())


def _visited(row: Visit, numbers: dict[int | None, int]) -> Visited:
    return Visited(
        at=row.at, release=row.release, deployment=numbers[row.deployment_id], ok=row.ok, reason=row.reason,
        seconds=row.seconds,
    )  # fmt: skip


def _notice(row: Row, app: str) -> Notice:
    return Notice(
        app=app,
        key=row.key,
        text=row.text,
        hint=row.hint,
        at=row.at,
        settled_at=row.settled_at,
        told_at=row.told_at,
    )
