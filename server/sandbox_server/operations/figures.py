"""Figures: what sessions met, for those who look at a deployment or at an app's release."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.figures import Counts
from sandbox_server.domain.figures import total as whole
from sandbox_server.domain.instance import Scope
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, releases
from sandbox_server.store import figures as measured
from sandbox_server.store.figures import Span
from sandbox_server.store.tables import App, Deployment
from sandbox_server.store.tables_seen import Fault as FaultRow
from sandbox_server.wire_sessions import Fault, Figures, Point

_SHOWN: Mapping[Span, timedelta] = {"minute": timedelta(hours=3), "hour": timedelta(days=7)}
_LONGEST: Mapping[Span, timedelta] = {"minute": timedelta(days=1), "hour": timedelta(days=31)}
_FAULTS = 20


async def figures(
    parts: Parts,
    app_name: str,
    number: int | None,
    scope: Scope = Scope.sandbox,
    span: Span = "minute",
    since: datetime | None = None,
    last: float | None = None,
) -> Figures:
    """Of one deployment in one scope; without a number, of all deployments that had the app's users, together.

    From `since` on, or of the last so many seconds; by default of 3 hours, or of 7 days by hours. Raises `NotFound`.
    """
    since = since or parts.clock() - (timedelta(seconds=last) if last else _SHOWN[span])
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        if number is None:
            return await _figures(parts, tx, app, await _released(tx, app), Scope.release, span, since, None)
        row = await deployments.get(tx, app, number)
        return await _figures(parts, tx, app, [row], scope, span, since, number)


async def _released(tx: AsyncSession, app: App) -> list[Deployment]:
    made = {release.deployment_id for release in await releases.of_app(tx, app.id or 0)}
    return list(await tx.exec(select(Deployment).where(col(Deployment.id).in_(made))))


async def _figures(
    parts: Parts, tx: AsyncSession, app: App, rows: Sequence[Deployment], scope: Scope, span: Span,
    since: datetime, number: int | None,
) -> Figures:  # fmt: skip
    now = parts.clock()
    since = max(since, now - _LONGEST[span])
    ids = [row.id or 0 for row in rows]
    # Until the end of this moment's own span: that has just begun.
    points = await measured.points(tx, ids, scope, span, since, now + timedelta(seconds=1))
    met = [row for row in await measured.faults(tx, ids, scope) if row.last_at >= since]
    return Figures(
        app=app.name, deployment=number, scope=scope.value, span=span,
        points=[_point(at, counts) for at, counts in points],
        total=_point(since, whole(counts for _, counts in points)),
        faults=_faults(parts, app, rows, met[:_FAULTS]),
    )  # fmt: skip


def _point(at: datetime, counts: Counts) -> Point:
    return Point(
        at=at, sessions=counts.sessions, started=counts.started, failed=counts.failed, errors=counts.errors,
        p50=counts.quantile(0.5), p95=counts.quantile(0.95), requests=counts.requests, refused=counts.refused,
        crashes=counts.crashes, memory=counts.memory,
        busy=round(min(counts.busy / counts.watched, 1), 4) if counts.watched else 0,
    )  # fmt: skip


def _faults(parts: Parts, app: App, rows: Collection[Deployment], met: Sequence[FaultRow]) -> list[Fault]:
    numbers = {row.id: row.number for row in rows}
    return [
        Fault(
            deployment=numbers[row.deployment_id], scope=Scope(row.scope).value, place=row.place, kind=row.kind,
            count=row.count, message=row.message, first_at=row.first_at, last_at=row.last_at,
            log=_log_page(parts, app.name, numbers[row.deployment_id], row.last_at),
        )
        for row in met
    ]  # fmt: skip


def _log_page(parts: Parts, app: str, number: int, at: datetime) -> str:
    """The deployment's page, with the log of that minute."""
    minute = measured.floor(at, "minute").strftime("%Y-%m-%dT%H:%M:%SZ")
    place = f"{parts.settings.control_url}/apps/{app}/deployments/{number}"
    return f"{place}?{urlencode({'log': 'run', 'at': minute})}"
