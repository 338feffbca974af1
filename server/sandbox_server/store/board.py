"""What the page of all apps needs: the same few queries for one app and for hundreds."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.store import apps
from sandbox_server.store.instances import live
from sandbox_server.store.tables import App, Branch, Deployment, Instance, Output, Release
from sandbox_server.store.tables_seen import Notice, Visit


@dataclass
class Tile:
    """One app."""

    app: App
    branches: int = 0
    pushed_at: datetime | None = None
    """The newest push."""
    releases: list[Release] = field(default_factory=list)
    """Newest first, and of all only the newest full one and the newest."""
    deployments: list[Deployment] = field(default_factory=list)
    """Of these releases."""
    outputs: dict[int, Output] = field(default_factory=dict)
    """Of these releases, by id."""
    shown: list[Branch] = field(default_factory=list)
    """Of these deployments."""
    live: list[Instance] = field(default_factory=list)
    notices: int = 0
    up: bool | None = None
    """How the platform's last visit ended; None: there was none."""


async def all_tiles(tx: AsyncSession) -> list[Tile]:
    """By the apps' names."""
    return await _fill(tx, [Tile(app) for app in await apps.all_apps(tx)])


async def tile(tx: AsyncSession, app: App) -> Tile:
    return (await _fill(tx, [Tile(app)]))[0]


async def _fill(tx: AsyncSession, made: list[Tile]) -> list[Tile]:
    tiles = {tile.app.id or 0: tile for tile in made}
    for app_id, count in await tx.exec(_count(Branch, Branch.removed_at)):
        _of(tiles, app_id).branches = count
    for app_id, count in await tx.exec(_count(Notice, Notice.settled_at)):
        _of(tiles, app_id).notices = count
    for app_id, at in await tx.exec(_newest_pushes()):
        _of(tiles, app_id).pushed_at = at
    for app_id, ok in await tx.exec(_newest_visits(tiles)):
        _of(tiles, app_id).up = ok
    for row in await live(tx):
        _of(tiles, row.app_id).live.append(row)
    await _add_releases(tx, tiles)
    return made


async def _add_releases(tx: AsyncSession, tiles: dict[int, Tile]) -> None:
    found = [row for row in await tx.exec(_newest_releases()) if row.app_id in tiles]
    for release in found:
        tiles[release.app_id].releases.append(release)
    deployments = await _by_id(tx, Deployment, {row.deployment_id for row in found})
    for deployment in deployments:
        tiles[deployment.app_id].deployments.append(deployment)
    for branch in await _by_id(tx, Branch, {row.branch_id for row in deployments}):
        tiles[branch.app_id].shown.append(branch)
    outputs = {row.id: row for row in await _by_id(tx, Output, {row.output_id for row in found})}
    for release in found:
        if release.output_id in outputs:
            tiles[release.app_id].outputs[release.output_id or 0] = outputs[release.output_id]


def _of(tiles: dict[int, Tile], app_id: int) -> Tile:
    """A tile that nobody sees, for rows of other apps."""
    return tiles.get(app_id) or Tile(App(name="", created_by="", created_at=datetime.max))


def _count(table: Any, ended: Any) -> Any:
    return select(table.app_id, func.count()).where(col(ended).is_(None)).group_by(table.app_id)


def _newest_pushes() -> Any:
    newest = select(func.max(Deployment.id)).group_by(col(Deployment.app_id))
    return select(Deployment.app_id, Deployment.created_at).where(col(Deployment.id).in_(newest))


def _newest_visits(tiles: Iterable[int]) -> Any:
    """Looked up for each app: there are thousands of visits, and an index leads to the newest one."""
    return select(Visit.app_id, Visit.ok).where(
        col(Visit.id).in_(select(_newest_visit()).where(col(App.id).in_(list(tiles))))
    )


def _newest_visit() -> ScalarSelect[Any]:
    newest = select(Visit.id).where(Visit.app_id == App.id).order_by(col(Visit.id).desc()).limit(1)
    return newest.correlate(App).scalar_subquery()


def _newest_releases() -> Any:
    newest = select(func.max(Release.id)).group_by(col(Release.app_id))
    full = newest.where(Release.share == 100)
    wanted = col(Release.id).in_(newest) | col(Release.id).in_(full)
    return select(Release).where(wanted).order_by(col(Release.number).desc())


async def _by_id(tx: AsyncSession, table: Any, ids: Collection[int | None]) -> Sequence[Any]:
    return list(await tx.exec(select(table).where(table.id.in_(ids - {None})))) if ids else []  # type: ignore[operator]
