"""Build: a bundle becomes an image, or a table of what could not be had."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO

import anyio

from sandbox_server.builder.base import CodeLayer
from sandbox_server.domain import packages
from sandbox_server.errors import BuildFailed
from sandbox_server.operations import bundle
from sandbox_server.operations.parts import Parts
from sandbox_server.store import deployments
from sandbox_server.store.logs import line
from sandbox_server.store.tables import App, Deployment
from sandbox_server.wire import Status


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
        log = _sink(file)
        try:
            with anyio.fail_after(parts.settings.build_timeout):
                image, debian = await _make(parts, deployment, log)
        except TimeoutError:
            raise BuildFailed(
                f"The build took longer than {parts.settings.build_timeout:.0f} s and was ended.",
                "Read where it stood: `sandbox logs --build`. The server's limit is SANDBOX_BUILD_TIMEOUT.",
            ) from None
        except Exception as error:
            log(f"Failed: {error}")
            raise
        took = time.monotonic() - began
        log(f"Built {image[:19]} in {took:.1f} s")
    return await _built(parts, app, deployment, image, debian, took)


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


async def _make(parts: Parts, deployment: Deployment, log: Callable[[str], None]) -> tuple[str, list[str]]:
    assert deployment.id is not None
    base = await parts.builder.base()
    read = await bundle.read(parts, deployment.bundle)
    log(f"{read.detected.kind}: {read.detected.why}; R {base.r_version}")
    plan = packages.plan(read.uses, base.installed, base.available)
    if plan.missing:
        raise BuildFailed(
            f"{len(plan.missing)} package{'s'[: len(plan.missing) > 1]} could not be had.",
            "Use packages that the base image or Debian has, or ask the administrator for a base with them.",
            _table(plan.missing),
        )
    library = base.image
    if plan.debian:
        what = ", ".join(sorted(plan.debian))
        log(f"Library: {what}")
        await _phase(parts, deployment.id, f"installing {len(plan.debian)} packages: {what}"[:200])
        library = await parts.builder.library(base, plan.debian, log)
    labels = {"sandbox.deployment": f"d{deployment.number}"}
    layer = CodeLayer(parts.bundles.path(deployment.bundle), deployment.bundle, labels)
    image = await parts.builder.code(library, layer)
    return image, sorted({*read.uses})


async def _built(
    parts: Parts, app: App, deployment: Deployment, image: str, used: list[str], took: float
) -> str | None:
    assert deployment.id is not None
    async with parts.store.write() as tx:
        fresh = await deployments.by_id(tx, deployment.id)
        if fresh.status != Status.building:
            return None
        await deployments.move(
            tx, fresh, Status.starting, at=parts.clock(), by="platform", app=app.name, image=image,
            phase="starting R", packages=used, seconds={**fresh.seconds, "build": round(took, 3)},
        )  # fmt: skip
    return image


async def _phase(parts: Parts, deployment_id: int, words: str) -> None:
    async with parts.store.write() as tx:
        await deployments.note(tx, deployment_id, phase=words)


def _table(missing: dict[str, packages.Use]) -> str:
    width = max(len(name) for name in missing)
    rows = [f"{name:<{width}}  used in {use.path}:{use.line}  not in the base, not in Debian"
            for name, use in sorted(missing.items())]  # fmt: skip
    return "\n".join(rows)


def _sink(file: IO[str]) -> Callable[[str], None]:
    def say(text: str) -> None:
        file.write(line(datetime.now(UTC), "stdout", text))

    return say
