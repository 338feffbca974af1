"""Collect garbage: what is needed is computed from the database, the rest goes, one by one. Logs stay."""

from datetime import timedelta

from anyio import to_thread
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.deployment import UNFINISHED
from sandbox_server.domain.keeping import images_to_keep
from sandbox_server.operations.parts import Parts
from sandbox_server.store import deployments, instances, jobs, releases, users
from sandbox_server.store.tables import App, Branch, Deployment
from sandbox_server.wire import Status


async def collect(parts: Parts) -> None:
    """Remove images beyond the retention, bundles that no deployment names, and expired login links."""
    now = parts.clock()
    made = await parts.builder.images()
    async with parts.store.write() as tx:
        await users.forget_expired(tx, now)
        rows = await _with_images(tx)
        released = {
            release.image for of_app in (await releases.all_releases(tx)).values() for release in of_app
        }
        running = {row.deployment_id for row in await instances.live(tx)}
        current = {branch.current_id for branch in await tx.exec(select(Branch))}
        in_use = {row.image or "" for row in rows if row.id in running | current or row.status in UNFINISHED}
        keep = images_to_keep(
            [(row.branch_id, row.number, row.image or "") for row in rows],
            released,
            in_use,
            parts.settings.keep_images,
        )
        for row in rows:
            if row.image not in keep and row.status in (Status.asleep, Status.failed):
                await _retire(parts, tx, row)
        bundles = set(await tx.exec(select(Deployment.bundle)))
        building = any(job.kind == "deploy" for job in await jobs.open_jobs(tx))
    if not building:
        for image in made:
            if image.id not in keep:
                await parts.builder.remove(image.id)
    hour_ago = (now - timedelta(hours=1)).timestamp()
    await to_thread.run_sync(parts.bundles.remove_all_but, bundles, hour_ago)


async def _with_images(tx: AsyncSession) -> list[Deployment]:
    query = select(Deployment).where(
        col(Deployment.image).is_not(None), col(Deployment.status) != Status.retired
    )
    return list(await tx.exec(query))


async def _retire(parts: Parts, tx: AsyncSession, row: Deployment) -> None:
    app = await tx.get_one(App, row.app_id)
    await deployments.move(
        tx, row, Status.retired, at=parts.clock(), by="platform", app=app.name,
        reason=f"only the newest {parts.settings.keep_images} images of a branch are kept",
    )  # fmt: skip
