"""The packages of a deployment: which they are, what changed, and the lock and the SBOM that say so elsewhere."""

from datetime import UTC

from anyio import to_thread

from sandbox_server.domain import archive, project, sbom
from sandbox_server.domain.inventory import changes, lock_of
from sandbox_server.domain.release import in_force
from sandbox_server.domain.requirement import Origin
from sandbox_server.errors import NotPossible
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, releases
from sandbox_server.store.tables import Deployment
from sandbox_server.wire import Status
from sandbox_server.wire_packages import Lock, Package, PackageDiff, PackageList

_LARGEST_LOCK = 8 * 1024 * 1024
_ON_THE_WAY = (Status.queued, Status.building)


async def show_packages(parts: Parts, app: str, number: int) -> PackageList:
    """Raises `NotFound`, and `NotPossible` while the deployment is not built."""
    row = await _row(parts, app, number)
    return PackageList(
        app=app,
        deployment=number,
        origin=row.origin,
        r_version=row.r_version,
        packages=await _packages(parts, row),
        drift=row.drift,
        notices=row.notices,
    )


async def diff_packages(parts: Parts, app: str, number: int, against: int | None = None) -> PackageDiff:
    """From `against` (default: what is released) to this one. Raises as `show_packages` does, for both."""
    after = await _row(parts, app, number)
    before = await (_row(parts, app, against) if against is not None else _released(parts, app))
    old = await _packages(parts, before) if before else []
    return PackageDiff(
        app=app,
        a=before.number if before else None,
        b=number,
        changes=changes(old, await _packages(parts, after)),
    )


async def make_lock(parts: Parts, app: str, number: int) -> Lock:
    """The renv.lock that counted, if it was met exactly, else one for what was installed. Raises as above."""
    row = await _row(parts, app, number)
    packages = await _packages(parts, row)
    text = await to_thread.run_sync(_own_lock, parts, row)
    return Lock(
        app=app,
        deployment=number,
        text=text or lock_of(row.r_version, packages, parts.settings.cran.split()),
    )


async def make_sbom(parts: Parts, app: str, number: int) -> str:
    """CycloneDX, as JSON. Raises as above."""
    row = await _row(parts, app, number)
    at = f"{row.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    listed = await _packages(parts, row)
    return sbom.cyclonedx(app, number, row.r_version, listed, bundle=row.bundle, at=at)


async def _row(parts: Parts, app: str, number: int) -> Deployment:
    async with parts.store.read() as tx:
        return await deployments.get(tx, await apps.get(tx, app), number)


async def _released(parts: Parts, app: str) -> Deployment | None:
    async with parts.store.read() as tx:
        found = await apps.get(tx, app)
        release = in_force(await releases.of_app(tx, found.id or 0))
        return await deployments.by_id(tx, release.deployment_id) if release else None


async def _packages(parts: Parts, row: Deployment) -> list[Package]:
    if not row.inventory:
        raise _none(row)
    asked = set(row.packages)
    listed = await to_thread.run_sync(parts.inventories.get, row.inventory)
    return [one.model_copy(update={"wanted": one.wanted or one.name in asked}) for one in listed]


def _none(row: Deployment) -> NotPossible:
    name = f"d{row.number}"
    if row.status in _ON_THE_WAY:
        return NotPossible(
            f"{name} has no package list yet: it is {row.status}.", f"Wait: `sandbox wait {name}`."
        )
    if row.image is None:
        return NotPossible(
            f"{name} has no package list: it was not built.", f"Read why: `sandbox logs {name} --build`."
        )
    return NotPossible(
        f"{name} has no package list: it was built before this server kept them.",
        "Push again: `sandbox deploy`.",
    )


def _own_lock(parts: Parts, row: Deployment) -> str:
    if row.origin != Origin.renv or row.drift or not parts.bundles.has(row.bundle):
        return ""
    places = project.places(row.entry.rpartition("/")[0], Origin.renv.value)
    found = archive.read_text(parts.bundles.path(row.bundle), places, _LARGEST_LOCK)
    return next((found[place] for place in places if place in found), "")
