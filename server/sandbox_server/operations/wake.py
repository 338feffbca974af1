"""Wake: somebody came to an app's URL behind which nothing runs."""

from dataclasses import dataclass
from typing import Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth.callers import PLATFORM
from sandbox_server.domain import names
from sandbox_server.domain.release import in_force
from sandbox_server.errors import NotFound, SandboxError
from sandbox_server.operations import restart
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, releases
from sandbox_server.store.tables import App, Deployment
from sandbox_server.wire import Status

Kind = Literal["asleep", "starting", "building", "failed", "nothing", "gone", "unknown"]

_KINDS: dict[str, Kind] = {
    Status.queued: "building",
    Status.building: "building",
    Status.starting: "starting",
    Status.ready: "starting",
    Status.asleep: "asleep",
    Status.failed: "failed",
    Status.cancelled: "gone",
    Status.superseded: "gone",
    Status.retired: "gone",
}


@dataclass(frozen=True)
class WakeState:
    """Why a host has nothing running, in a word and in words."""

    kind: Kind
    app: str = ""
    deployment: int | None = None
    words: str = ""


async def look_up(parts: Parts, host: str) -> WakeState:
    """What is behind this host. It is as public as the app: no errors of R, no names of people."""
    async with parts.store.read() as tx:
        app, deployment, released = await _behind(
            tx, host.partition(":")[0].lower(), parts.settings.apps_domain
        )
    if app is None:
        return WakeState("unknown")
    if deployment is None:
        return WakeState(
            "nothing", app.name, None, "Nothing is released yet." if released else "Nothing is ready yet."
        )
    kind: Kind = "starting" if released else _KINDS[deployment.status]
    return WakeState(kind, app.name, deployment.number, deployment.phase.split(":")[0])


async def wake(parts: Parts, host: str) -> None:
    """Start again what sleeps behind this host. Raises `NotFound`, and what `restart` raises."""
    state = await look_up(parts, host)
    if state.deployment is None:
        raise NotFound("Nothing sleeps here.")
    if state.kind == "asleep":
        await restart.request_restart(parts, PLATFORM, state.app, state.deployment)


async def _behind(tx: AsyncSession, host: str, domain: str) -> tuple[App | None, Deployment | None, bool]:
    """App, deployment, and whether it is the release's host."""
    label, _, rest = host.partition(".")
    if rest != domain:
        return None, None, False
    front, _, name = label.rpartition("--")
    app = await apps.find(tx, name)
    if app is None or app.id is None:
        return None, None, False
    if not front:
        release = in_force(await releases.of_app(tx, app.id))
        return app, await deployments.by_id(tx, release.deployment_id) if release else None, True
    for branch in await apps.branches(tx, app.id):
        if branch.label == front:
            newest = await deployments.of_app(tx, app.id, branch.id, limit=1)
            shown = [await deployments.by_id(tx, branch.current_id)] if branch.current_id else newest
            return app, shown[0] if shown else None, False
    try:
        return app, await deployments.get(tx, app, names.parse_deployment(front)[1]), False
    except SandboxError:
        return None, None, False
