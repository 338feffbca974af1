"""Releases: rows are added, never changed."""

from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.release import check_seen
from sandbox_server.store import events
from sandbox_server.store.tables import App, Deployment, Release


async def of_app(tx: AsyncSession, app_id: int) -> list[Release]:
    """Newest first."""
    query = select(Release).where(Release.app_id == app_id).order_by(col(Release.number).desc())
    return list(await tx.exec(query))


async def all_releases(tx: AsyncSession) -> dict[int, list[Release]]:
    """By app, newest first."""
    found: dict[int, list[Release]] = {}
    for release in await tx.exec(select(Release).order_by(col(Release.number).desc())):
        found.setdefault(release.app_id, []).append(release)
    return found


async def specs(tx: AsyncSession) -> dict[int, list[tuple[int, str]]]:
    """By app, newest first: what was released, as the deployment's id and the hash of the instances' spec."""
    found: dict[int, list[tuple[int, str]]] = {}
    query = select(Release.app_id, Release.deployment_id, Release.spec_hash).order_by(
        col(Release.number).desc()
    )
    for app_id, deployment_id, spec_hash in await tx.exec(query):
        found.setdefault(app_id, []).append((deployment_id, spec_hash))
    return found


async def last_smoke(tx: AsyncSession, deployment_id: int, spec_hash: str) -> dict[str, Any]:
    """What the last visit of such instances saw; empty if none was kept."""
    query = (
        select(Release.smoke)
        .where(Release.deployment_id == deployment_id, Release.spec_hash == spec_hash)
        .order_by(col(Release.number).desc())
    )
    return dict((await tx.exec(query)).first() or {})


async def made_by(tx: AsyncSession, job_id: int) -> Release | None:
    return (await tx.exec(select(Release).where(Release.job_id == job_id))).first()


async def add(
    tx: AsyncSession,
    app: App,
    deployment: Deployment,
    *,
    seen: int,
    spec_hash: str,
    variables_at: int,
    kind: str,
    by: str,
    reason: str,
    now: datetime,
    returns_to: int | None = None,
    job_id: int | None = None,
    smoke: dict[str, Any] | None = None,
    output_id: int | None = None,
) -> Release:
    """From now on this deployment has the app's public traffic. Raises `StateChanged` if `seen` is not in force."""
    assert app.id is not None
    assert deployment.id is not None
    assert deployment.image is not None
    before = await of_app(tx, app.id)
    check_seen(before, seen)
    await tx.refresh(app)
    app.releases += 1
    release = Release(
        app_id=app.id, number=app.releases, deployment_id=deployment.id, image=deployment.image,
        spec_hash=spec_hash, variables_at=variables_at, returns_to=returns_to, job_id=job_id,
        smoke=smoke or {}, output_id=output_id, kind=kind, by=by, reason=reason, created_at=now,
    )  # fmt: skip
    tx.add_all([app, release])
    await tx.flush()
    await events.record(
        tx, at=now, by=by, action=f"release.{kind}", app=app.name, subject=f"release {release.number}",
        old=f"release {seen}" if seen else "", new=f"d{deployment.number}", reason=reason,
    )  # fmt: skip
    return release
