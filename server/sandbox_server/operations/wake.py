"""Wake: somebody came to an app's URL behind which nothing runs. The first request starts it, all others wait."""

import time
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import names
from sandbox_server.domain.edge import WAKER, Mode
from sandbox_server.domain.instance import Scope
from sandbox_server.domain.release import in_force
from sandbox_server.domain.sleeping import RETRY_AFTER, release_sleeps
from sandbox_server.errors import RouterUnavailable, RuntimeUnavailable, SandboxError, StoreUnavailable
from sandbox_server.operations import deploy, documents, edge, start, visit
from sandbox_server.operations.bell import wait as wait_for
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, events, jobs, releases
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import App, Deployment, Job, Release
from sandbox_server.wire import Status

Kind = Literal["asleep", "starting", "building", "failed", "nothing", "gone", "unknown", "away"]

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
_LOOKS_LAST = 1.0
"""Seconds for which a look counts although this process wrote nothing: another one may have."""
_MOST_LOOKS = 5000


@dataclass(frozen=True)
class WakeState:
    """Why a host has nothing running, in a word and in words."""

    kind: Kind
    app: str = ""
    deployment: int | None = None
    words: str = ""
    usual: float | None = None
    """Seconds that its start usually takes."""
    elapsed: float = 0
    """Seconds since somebody woke it."""
    ahead: int = 0
    """So many others are started before it."""
    released: bool = False
    """It is what the app's users get."""


@dataclass(frozen=True)
class _Found:
    """The rows behind a host."""

    app: App
    deployment: Deployment
    release: Release | None
    """Of the release's host."""


@dataclass(frozen=True)
class _Looked:
    state: WakeState
    commits: int
    at: float


async def look_up(parts: Parts, host: str) -> WakeState:
    """What is behind this host. It is as public as the app: no errors of R, no names of people.

    Hundreds who wait at one host look at once: one of them reads.
    """
    async with parts.behind_lock:
        known = parts.behind.get(host)
        if known is None or not _still_counts(parts, known):
            known = _Looked(await _look(parts, host), parts.store.commits, parts.monotonic())
            if len(parts.behind) >= _MOST_LOOKS:
                parts.behind.clear()
            if known.state.kind != "unknown":
                parts.behind[host] = known
    state: WakeState = known.state
    return replace(state, elapsed=state.elapsed + parts.monotonic() - known.at)


async def wake(parts: Parts, host: str, *, again: bool = False) -> WakeState:
    """Start again what sleeps behind this host; once, however many come. What it is then.

    `again`: also what did not come up a moment ago.
    """
    state = await look_up(parts, host)
    if state.kind != "asleep" and not (again and state.kind == "failed"):
        return state
    async with parts.store.write() as tx:
        found = await _behind(tx, host, parts.settings.apps_domain)
        if isinstance(found, _Found):
            await _begin(parts, tx, found)
    return await look_up(parts, host)


async def until_open(parts: Parts, host: str, patience: float) -> WakeState | None:
    """Wait until the edge leads this host to an instance: then None. Else what it is when it failed or time is over."""
    deadline = parts.monotonic() + patience
    while not opened(parts, host):
        heard = parts.bell.listen()
        state = await look_up(parts, host)
        left = deadline - parts.monotonic()
        if left <= 0 or state.kind not in ("starting", "asleep"):
            return None if opened(parts, host) else state
        await wait_for(heard, min(left, 0.2))
    return None


def opened(parts: Parts, host: str) -> IPv4Address | None:
    """The address of an instance that the edge leads this host to."""
    shown = parts.applied
    slot = shown.routes.get(_name(host), WAKER) if shown else WAKER
    if shown is None or slot == WAKER:
        return None
    servers = [behind for server, behind in shown.servers.items() if server.slot == slot]
    return next((behind.address for behind in servers if behind.mode is Mode.up), None)


async def wake_up(parts: Parts, job: Job) -> None:
    """The job: what sleeps comes up as it was, without a browser in the way. Raises what went wrong, once recorded."""
    began = time.monotonic()
    deployment_id = job.payload["deployment"]
    try:
        row = await start.bring_up(parts, deployment_id, Scope.sandbox)
        await edge.apply(parts)
        # Whoever waits can go on; nothing is written for a while.
        parts.bell.ring()
        failpoint("wake.routed")
        took = time.monotonic() - began
        if not await visit.trust(parts, row):
            # Its variables changed meanwhile, so nobody has seen it as it is now.
            await visit.visit(parts, row)
        await documents.keep(parts, row, job.by)
        await _awake(parts, deployment_id, took)
        await edge.apply(parts)
    except (RuntimeUnavailable, RouterUnavailable, StoreUnavailable):
        raise
    except SandboxError as error:
        await deploy.fail(parts, deployment_id, error)
        raise


async def _awake(parts: Parts, deployment_id: int, took: float) -> None:
    now = parts.clock()
    async with parts.store.write() as tx:
        fresh = await deployments.by_id(tx, deployment_id)
        if fresh.status != Status.starting:
            return
        app = await tx.get_one(App, fresh.app_id)
        await deployments.move(
            tx, fresh, Status.ready, at=now, by="platform", app=app.name, ready_at=now, used_at=now, error={},
            seconds={**fresh.seconds, "wake": round(took, 3)},
        )  # fmt: skip


async def _begin(parts: Parts, tx: AsyncSession, found: _Found) -> None:
    """Only if it still sleeps: somebody else may have come a moment ago."""
    now, app, deployment = parts.clock(), found.app, found.deployment
    payload = {"deployment": deployment.id, "kind": "wake"}
    if found.release is not None:
        if not release_sleeps([found.release], app.asleep_since):
            return
        app.asleep_since, app.used_at = None, now
        tx.add(app)
        await events.record(
            tx, at=now, by="platform", action="release.woken", app=app.name,
            subject=f"release {found.release.number}", reason="somebody opened it",
        )  # fmt: skip
        payload |= {"scope": Scope.release, "variables_at": found.release.variables_at, "kind": "revive"}
        await jobs.add(tx, "refresh", f"app:{app.id}", payload, by="platform", now=now)
    elif deployment.status == Status.asleep:
        await deployments.move(
            tx, deployment, Status.starting, at=now, by="platform", app=app.name, phase="starting R", error={},
            reason="somebody opened it",
        )  # fmt: skip
        await jobs.add(tx, "wake", f"deployment:{deployment.id}", payload, by="platform", now=now)


def _still_counts(parts: Parts, known: _Looked) -> bool:
    return known.commits == parts.store.commits and parts.monotonic() - known.at < _LOOKS_LAST


async def _look(parts: Parts, host: str) -> WakeState:
    async with parts.store.read() as tx:
        found = await _behind(tx, host, parts.settings.apps_domain)
        if isinstance(found, WakeState):
            return found
        state = _state(found)
        if state.kind == "asleep" and found.deployment.error and await _just_failed(parts, tx, found):
            return replace(state, kind="failed", words="It did not start a moment ago.")
        return await _with_progress(parts, tx, found, state) if state.kind == "starting" else state


def _state(found: _Found) -> WakeState:
    app, deployment = found.app, found.deployment
    kind: Kind = _KINDS[deployment.status]
    if found.release is not None:
        kind = "asleep" if release_sleeps([found.release], app.asleep_since) else "starting"
    usual = deployment.seconds.get("wake") or deployment.seconds.get("start")
    words = deployment.phase.split(":")[0]
    released = found.release is not None
    return WakeState(kind, app.name, deployment.number, words, usual, released=released)


async def _just_failed(parts: Parts, tx: AsyncSession, found: _Found) -> bool:
    ended = await jobs.last_end(tx, f"deployment:{found.deployment.id}", "wake")
    return ended is not None and (parts.clock() - ended).total_seconds() < RETRY_AFTER


async def _with_progress(parts: Parts, tx: AsyncSession, found: _Found, state: WakeState) -> WakeState:
    waking = [job for job in await jobs.open_jobs(tx) if job.kind in ("wake", "refresh")]
    own = next((job for job in waking if job.payload.get("deployment") == found.deployment.id), None)
    if own is None:
        return state
    ahead = [job for job in waking if (job.id or 0) < (own.id or 0)] if own.status == "queued" else []
    return replace(state, elapsed=max((parts.clock() - own.created_at).total_seconds(), 0), ahead=len(ahead))


async def _behind(tx: AsyncSession, host: str, domain: str) -> _Found | WakeState:
    label, _, rest = _name(host).partition(".")
    front, _, name = label.rpartition("--")
    app = await apps.find(tx, name) if rest == domain else None
    if app is None or app.id is None:
        return WakeState("unknown")
    if not front:
        release = in_force(await releases.of_app(tx, app.id))
        if release is None:
            return WakeState("nothing", app.name, None, "Nothing is released yet.")
        return _Found(app, await deployments.by_id(tx, release.deployment_id), release)
    if (branch := await apps.branch_at(tx, app.id, front)) is not None:
        newest = await deployments.of_app(tx, app.id, branch.id, limit=1)
        shown = [await deployments.by_id(tx, branch.current_id)] if branch.current_id else newest
        return _Found(app, shown[0], None) if shown else _not_ready(app)
    try:
        return _Found(app, await deployments.get(tx, app, names.parse_deployment(front)[1]), None)
    except SandboxError:
        return WakeState("unknown")


def _not_ready(app: App) -> WakeState:
    return WakeState("nothing", app.name, None, "Nothing is ready yet.")


def _name(host: str) -> str:
    """As the edge reads it."""
    return host.partition(":")[0].lower().rstrip(".")
