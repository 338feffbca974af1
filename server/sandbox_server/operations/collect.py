"""Collect garbage: what is needed is computed from the database, the rest goes, one by one. Logs stay."""

from datetime import datetime, timedelta

from anyio import to_thread
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.deployment import UNFINISHED
from sandbox_server.domain.instance import volumes_of
from sandbox_server.domain.keeping import images_to_keep
from sandbox_server.operations.parts import Parts
from sandbox_server.store import (  # fmt: skip
    comments,
    deployments,
    figures,
    instances,
    jobs,
    notices,
    outputs,
    releases,
    users,
    visits,
)
from sandbox_server.store.tables import App, Branch, Deployment, Output, Release
from sandbox_server.wire import Status

_OUTPUTS = 20
"""Kept of each deployment and scope, those of releases aside."""

_EVEN_IF_NOTHING_CHANGED = 600.0
"""Seconds."""

_KEEP_ARCHIVES = 90.0
"""Days for which an archive of a package is kept that no build asks for."""

_LOOKS_BACK = timedelta(days=90)
"""Own visits to releases and settled notices are forgotten after that."""

_OVER = timedelta(days=14)
"""So do jobs and instances that ended, as far as nothing follows from them any more."""


async def collect(parts: Parts) -> None:
    """Remove images beyond the retention and libraries below none, bundles that nobody can start any more, documents'
    outputs that nobody is shown, package lists that no deployment names, pictures of no comment, expired login links,
    and figures, visits, notices, jobs and instances of long ago."""
    if _is_done(parts):
        return
    now = parts.clock()
    made = await parts.builder.images()
    async with parts.store.write() as tx:
        await users.forget_expired(tx, now)
        await visits.forget(tx, now - _LOOKS_BACK)
        await notices.forget(tx, now - _LOOKS_BACK)
        await jobs.forget(tx, now - _OVER)
        await instances.forget(tx, now - _OVER)
        keep = await _retire_beyond_retention(parts, tx, now)
        bundles = await _needed_bundles(tx)
        rendered = await _needed_outputs(tx)
        lists = set(await tx.exec(select(Deployment.inventory)))
        pictures = await comments.needed_pictures(tx)
        await figures.tidy(tx, now)
        await figures.forget_retired(tx)
    for image in made:
        if image.id not in keep and not await _builds(parts):
            await parts.builder.remove(image.id)
    if not await _builds(parts):
        await parts.builder.remove_libraries()
    hour_ago = (now - timedelta(hours=1)).timestamp()
    await to_thread.run_sync(parts.bundles.remove_all_but, bundles, hour_ago)
    await to_thread.run_sync(parts.outputs.remove_all_but, rendered, hour_ago)
    await to_thread.run_sync(parts.inventories.remove_all_but, lists, hour_ago)
    await to_thread.run_sync(parts.pictures.remove_all_but, pictures, hour_ago)
    await to_thread.run_sync(parts.repositories.collect, _KEEP_ARCHIVES)
    await _remove_bookmarks(parts)
    if not await _builds(parts):
        parts.collected = (parts.store.commits, parts.ticks())


def _is_done(parts: Parts) -> bool:
    """Nothing was written since the last time, and that is not long ago."""
    return (
        parts.collected is not None
        and parts.collected[0] == parts.store.commits
        and parts.ticks() - parts.collected[1] < _EVEN_IF_NOTHING_CHANGED
    )


async def _remove_bookmarks(parts: Parts) -> None:
    """Of apps that were removed; an instance that still ends keeps them until the next time."""
    there = await parts.runtime.volume_names()
    async with parts.store.read() as tx:
        kept = await tx.exec(select(App.id).where(col(App.removed_at).is_(None)))
        running = {row.app_id for row in await instances.live(tx)}
        needed = {name for app in {*kept, *running} for name in volumes_of(parts.platform, app or 0)}
    for name in set(there) - needed:
        await parts.runtime.remove_volume(name)


async def _retire_beyond_retention(parts: Parts, tx: AsyncSession, now: datetime) -> set[str]:
    """Returns the images that stay."""
    rows = await _with_images(tx)
    released = {release.image for of_app in (await releases.all_releases(tx)).values() for release in of_app}
    busy = await _in_use(tx)
    in_use = {row.image or "" for row in rows if row.id in busy or row.status in UNFINISHED}
    keep = images_to_keep(
        [(row.branch_id, row.number, row.image or "") for row in rows],
        released,
        in_use,
        parts.settings.keep_images,
    )
    for row in rows:
        if row.image not in keep and row.status in (Status.asleep, Status.failed):
            app = await tx.get_one(App, row.app_id)
            await deployments.move(
                tx, row, Status.retired, at=now, by="platform", app=app.name,
                reason=f"only the newest {parts.settings.keep_images} images of a branch are kept",
            )  # fmt: skip
    return keep


async def _with_images(tx: AsyncSession) -> list[Deployment]:
    query = select(Deployment).where(
        col(Deployment.image).is_not(None), col(Deployment.status) != Status.retired
    )
    return list(await tx.exec(query))


async def _in_use(tx: AsyncSession) -> set[int | None]:
    """Deployments that run, that a branch shows, or that a job is about."""
    running = {row.deployment_id for row in await instances.live(tx)}
    shown = {branch.current_id for branch in await tx.exec(select(Branch))}
    return running | shown | {job.payload.get("deployment") for job in await jobs.open_jobs(tx)}


async def _needed_bundles(tx: AsyncSession) -> set[str]:
    released = select(Release.deployment_id)
    query = select(Deployment.bundle).where(
        (col(Deployment.status) != Status.retired) | col(Deployment.id).in_(released)
    )
    return set(await tx.exec(query))


async def _needed_outputs(tx: AsyncSession) -> set[str]:
    """The newest ones of what can still be started, and all that were released."""
    startable = await tx.exec(select(Deployment.id).where(Deployment.status != Status.retired))
    released = select(Release.output_id)
    shown = await tx.exec(select(Output.digest).where(col(Output.id).in_(released)))
    return set(shown) | await outputs.newest_digests(tx, set(startable), _OUTPUTS)


async def _builds(parts: Parts) -> bool:
    """Asked right before each removal: a build may just have found the image again."""
    async with parts.store.read() as tx:
        return any(job.kind == "deploy" for job in await jobs.open_jobs(tx))
