"""Releases: rows are added, never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.release import ALL, check_seen, in_force
from sandbox_server.domain.sleeping import release_sleeps
from sandbox_server.store import events, notices
from sandbox_server.store.tables import App, Deployment, Release


class Made(NamedTuple):
    """A release, as far as the edge cares."""

    deployment_id: int
    spec_hash: str
    share: int


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


async def awake(tx: AsyncSession) -> dict[int, list[Release]]:
    """By app, newest first; without apps whose release sleeps."""
    napping = select(App.id, App.asleep_since).where(col(App.asleep_since).is_not(None))
    since = dict((await tx.exec(napping)).all())
    made = await all_releases(tx)
    return {app_id: rows for app_id, rows in made.items() if not release_sleeps(rows, since.get(app_id))}


async def current(tx: AsyncSession) -> list[tuple[App, Release, dict[str, Any]]]:
    """Of each app the newest full release, and what its deployment's sandbox.toml said."""
    newest = select(func.max(Release.id)).where(Release.share == 100).group_by(col(Release.app_id))
    query = (
        select(App, Release, Deployment.config)
        .join(Release, col(Release.app_id) == col(App.id))
        .join(Deployment, col(Deployment.id) == col(Release.deployment_id))
        .where(col(Release.id).in_(newest))
    )
    return [(app, release, dict(said)) for app, release, said in await tx.exec(query)]


async def newest(tx: AsyncSession) -> list[Release]:
    """One of each app, of any share."""
    last = select(func.max(Release.id)).group_by(col(Release.app_id))
    return list(await tx.exec(select(Release).where(col(Release.id).in_(last))))


async def specs(tx: AsyncSession) -> dict[int, list[Made]]:
    """By app, newest first: what was released."""
    found: dict[int, list[Made]] = {}
    query = select(Release.app_id, Release.deployment_id, Release.spec_hash, Release.share).order_by(
        col(Release.number).desc()
    )
    for app_id, deployment_id, spec_hash, share in await tx.exec(query):
        found.setdefault(app_id, []).append(Made(deployment_id, spec_hash, share))
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
    share: int = ALL,
    plan: dict[str, Any] | None = None,
    override: Sequence[str] = (),
) -> Release:
    """From now on this deployment has the app's public traffic, or a share of it beside the release in force; with a
    share of 0 it has none any more. Raises `StateChanged` if `seen` is not the newest."""
    assert app.id is not None
    assert deployment.id is not None
    assert deployment.image is not None
    before = await of_app(tx, app.id)
    check_seen(before, seen)
    await tx.refresh(app)
    app.releases += 1
    beside = in_force(before) if share < ALL else None
    release = Release(
        app_id=app.id, number=app.releases, deployment_id=deployment.id, image=deployment.image,
        spec_hash=spec_hash, variables_at=variables_at, returns_to=returns_to, job_id=job_id,
        smoke=smoke or {}, output_id=output_id, share=share, base=beside.number if beside else None,
        plan=plan or {}, override=[*override], kind=kind, by=by, reason=reason, created_at=now,
    )  # fmt: skip
    tx.add_all([app, release])
    await tx.flush()
    # What was said of the releases before is settled by whatever comes after.
    await notices.settle(tx, app.id, notices.WATCH, now)
    await events.record(
        tx, at=now, by=by, action="release.share" if 0 < share < ALL else f"release.{kind}", app=app.name,
        subject=f"release {release.number}", old=f"release {seen}" if seen else "",
        new=f"d{deployment.number}" + (f" ({share} %)" if 0 < share < ALL else ""), reason=reason,
    )  # fmt: skip
    return release
