"""Build: a bundle becomes an image, or a table of what could not be had."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio import to_thread

from sandbox_server.builder.base import CodeLayer, Installed
from sandbox_server.errors import BuildFailed
from sandbox_server.operations import bundle, library
from sandbox_server.operations.ahead import ahead
from sandbox_server.operations.choose_base import choose_base
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.progress import Progress, shown
from sandbox_server.store import deployments
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import App, Deployment
from sandbox_server.wire import Status
from sandbox_server.wire_packages import Package


@dataclass(frozen=True)
class Built:
    """What is written down of a build."""

    image: str
    library: str
    origin: str
    r_version: str
    inventory: str
    wanted: list[str]
    drift: list[str]
    notices: list[str]


@asynccontextmanager
async def place(parts: Parts, deployment_id: int) -> AsyncIterator[None]:
    """One of the places to build, once there is one. What was built before needs none."""
    async with parts.store.read() as tx:
        deployment = await deployments.by_id(tx, deployment_id)
    if deployment.status not in (Status.queued, Status.building):
        yield
        return
    if parts.building.locked():
        async with parts.store.write() as tx:
            await deployments.note(tx, deployment_id, phase="waiting for a place to build")
    async with parts.building:
        yield


async def build(parts: Parts, deployment_id: int) -> str | None:
    """The deployment's image; built, unless it was before. None if somebody cancelled meanwhile.

    Raises `BuildFailed` (final), `BaseMissing` and `RuntimeUnavailable` (may be tried again).
    """
    app, deployment = await _begin(parts, deployment_id)
    if deployment.status == Status.starting and deployment.image:
        return deployment.image
    if deployment.status != Status.building:
        return None
    began = time.monotonic()
    with parts.logs.open_build(app.name, deployment.number) as file:
        async with shown(parts, deployment_id, file) as progress:
            built = await _within_limit(parts, deployment, progress)
        took = time.monotonic() - began
        progress.line(f"Built {built.image[:19]} in {took:.1f} s")
    return await _record(parts, app, deployment, built, took)


async def _begin(parts: Parts, deployment_id: int) -> tuple[App, Deployment]:
    async with parts.store.write() as tx:
        deployment = await deployments.by_id(tx, deployment_id)
        app = await tx.get_one(App, deployment.app_id)
        if deployment.status == Status.queued:
            await deployments.move(
                tx, deployment, Status.building, at=parts.clock(), by="platform", app=app.name,
                phase="looking for packages",
            )  # fmt: skip
    return app, deployment


async def _within_limit(parts: Parts, deployment: Deployment, progress: Progress) -> Built:
    # The builder ends an installation itself, and then says which; what is around it gets half a minute more.
    limit = parts.settings.build_timeout + 30
    try:
        with anyio.fail_after(limit):
            return await _make(parts, deployment, progress)
    except TimeoutError:
        raise BuildFailed(
            f"The build took longer than {limit:.0f} s and was ended.",
            "Read where it stood: `sandbox logs --build`. The server's limit is SANDBOX_BUILD_TIMEOUT.",
        ) from None
    except Exception as error:
        progress.line(f"Failed: {error}")
        raise


async def _make(parts: Parts, deployment: Deployment, progress: Progress) -> Built:
    read = await bundle.read(parts, deployment.bundle)
    declared, compatible = read.declaration, read.config.dependencies == "compatible"
    wishes = library.check_declared(read)
    wanted_r = read.config.r or (declared.r_version if declared.origin.locked else "")
    base, fit = await choose_base(parts, wanted_r, progress, compatible=compatible)
    progress.line(f"{read.detected.kind.label}: {read.detected.why}")
    progress.line(f"R {base.r_version}; packages from {declared.origin.value}")
    path = parts.bundles.path(deployment.bundle)
    quarto, instead = await library.fetch_quarto(parts, read, progress)
    resolution = await library.plan(parts, read, base, path, progress)
    failpoint("build.planned")
    wanted = library.library_of(parts, read, base, resolution, quarto)
    image = await parts.builder.library(base, wanted, progress)
    failpoint("build.installed")
    installed = await parts.builder.installed(image)
    library.check_kept(declared, installed, resolution.drift)
    layer = CodeLayer(path, deployment.bundle, _start(read), {"sandbox.deployment": f"d{deployment.number}"})
    asked = [one.name for one in declared.requirements]
    async with ahead(parts, deployment.id or 0, image, asked):
        code = await parts.builder.code(image, layer)
    notices = [*declared.notices, *resolution.notices, *read.notices, *wishes, fit.notice]
    built = Built(
        image=code, library=image, origin=declared.origin, r_version=base.r_version,
        inventory=await _keep(parts, read, installed), wanted=asked,
        drift=[words for words in (fit.drift, instead, *map(str, resolution.drift)) if words],
        notices=[notice for notice in notices if notice],
    )  # fmt: skip
    _tell(built, progress)
    return built


def _start(read: bundle.Read) -> dict[str, str]:
    return {"kind": read.detected.kind, "entry": read.detected.entry}


async def _keep(parts: Parts, read: bundle.Read, installed: list[Installed]) -> str:
    """The package list, written down for as long as the deployment is known; its digest."""
    wanted = {one.name for one in read.declaration.requirements}
    rows = [
        Package(
            name=one.name, version=one.version, source=one.origin, wanted=one.name in wanted,
            hash=f"sha256:{one.digest}" if one.digest else "", needs=list(one.needs),
        )
        for one in installed
    ]  # fmt: skip
    return await to_thread.run_sync(parts.inventories.put, rows)


def _tell(built: Built, progress: Progress) -> None:
    for words in built.drift:
        progress.line(f"Drift: {words}")
    for words in built.notices:
        progress.line(f"Notice: {words}")


async def _record(parts: Parts, app: App, deployment: Deployment, built: Built, took: float) -> str | None:
    assert deployment.id is not None
    async with parts.store.write() as tx:
        fresh = await deployments.by_id(tx, deployment.id)
        if fresh.status != Status.building:
            return None
        await deployments.move(
            tx, fresh, Status.starting, at=parts.clock(), by="platform", app=app.name, image=built.image,
            library=built.library, phase="starting R", packages=built.wanted, origin=built.origin,
            r_version=built.r_version, inventory=built.inventory, drift=built.drift, notices=built.notices,
            seconds={**fresh.seconds, "build": round(took, 3)},
        )  # fmt: skip
    return built.image
