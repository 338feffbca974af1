"""Promote: from now on users, or a share of them, get this deployment. A traffic switch, never a build."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain.canary import Wish, wished
from sandbox_server.domain.deployment import UNFINISHED, may
from sandbox_server.domain.release import ALL, candidate, check_seen, in_force
from sandbox_server.errors import ImageMissing, NotPossible
from sandbox_server.operations import jobs, passing
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, releases, variables
from sandbox_server.store import jobs as job_rows
from sandbox_server.store.tables import App, Deployment, Release
from sandbox_server.wire import Job, ReleaseRequest


async def request_promote(parts: Parts, caller: Caller, app_name: str, request: ReleaseRequest) -> Job:
    """Queue the switch. Raises `BadRequest`, `Forbidden`, `NotPossible`, `StateChanged`, `GateClosed`, `ImageMissing`,
    `NotFound`; then nothing changes."""
    wish = wished(request.percent, request.canary)
    passing.check_override(caller, app_name, request)
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        deployment = await deployments.get(tx, app, request.deployment)
        if wish.share:
            _check_ready(deployment, app.name)
        await _check(tx, app.id or 0, deployment, wish, request)
        await _pass(tx, parts, app, deployment, wish, request)
    if wish.share and (deployment.image is None or not await parts.builder.has(deployment.image)):
        raise ImageMissing(f"The image of d{deployment.number} is not on this machine any more.")
    async with parts.store.write() as tx:
        assert app.id is not None
        made = await _check(tx, app.id, deployment, wish, request)
        overridden = await _pass(tx, parts, app, deployment, wish, request)
        job = await job_rows.add(
            tx,
            "switch",
            f"app:{app.id}",
            {
                "kind": "promote" if wish.share else "abort",
                "deployment": deployment.id,
                "seen": request.seen,
                "reason": request.reason,
                "variables_at": await _variables_at(tx, made, deployment, request),
                "share": wish.share,
                "plan": wish.plan,
                "override": overridden,
                "flags": passing.flags(request),
            },
            by=caller.user,
            now=parts.clock(),
            progress=f"starting d{deployment.number} in the release scope"
            if wish.share
            else f"taking the visitors of d{deployment.number} back",
        )
    return await jobs.show_job(parts, job.id or 0)


def _check_ready(deployment: Deployment, app: str) -> None:
    if not may(deployment.status).promote:
        raise NotPossible(
            f"d{deployment.number} is {deployment.status} and cannot be released.",
            _instead(f"d{deployment.number} --app {app}", unfinished=deployment.status in UNFINISHED),
        )


def _instead(which: str, *, unfinished: bool) -> str:
    if unfinished:
        return f"Wait until it is ready: `sandbox wait {which}`."
    return f"See why: `sandbox logs {which}`, then push again: `sandbox deploy`."


async def _check(
    tx: AsyncSession, app_id: int, deployment: Deployment, wish: Wish, request: ReleaseRequest
) -> Sequence[Release]:
    made = await releases.of_app(tx, app_id)
    check_seen(made, request.seen)
    newer = candidate(made)
    running = await deployments.by_id(tx, newer.deployment_id) if newer else None
    if newer and running:
        _check_candidate(deployment, wish, newer, running, request)
    elif not wish.share:
        raise NotPossible(
            f"d{deployment.number} is no candidate, so it has no share to give back.",
            "See who gets what: `sandbox status`. To go back: `sandbox rollback`.",
        )
    if 0 < wish.share < ALL:
        _check_base(deployment, in_force(made))
    return made


async def _pass(
    tx: AsyncSession,
    parts: Parts,
    app: App,
    deployment: Deployment,
    wish: Wish,
    request: ReleaseRequest,
) -> list[str] | None:
    """Any share of the visitors goes through the gates; to take one back is free."""
    return await passing.ask(tx, parts, app, deployment, request) if wish.share else None


def _check_candidate(
    deployment: Deployment, wish: Wish, newer: Release, running: Deployment, request: ReleaseRequest
) -> None:
    """What a running canary forbids. Raising or taking back its own share is always allowed."""
    has = f"d{running.number} is a candidate and has {newer.share} % of the visitors"
    give_up = f"`sandbox promote d{running.number} --percent 0`"
    same = running.id == deployment.id
    if not wish.share and not same:
        raise NotPossible(f"{has}; d{deployment.number} has none.", f"Take its share back: {give_up}.")
    if request.replace or (same and not wish.planned):
        return
    if same:
        raise NotPossible(
            f"{has} already.",
            f"Raise it: `sandbox promote d{running.number} --percent 50`. Begin anew with this plan: add `--replace`.",
        )
    raise NotPossible(
        f"{has}.", f"End that and go on with d{deployment.number}: add `--replace`. End it only: {give_up}."
    )


def _check_base(deployment: Deployment, current: Release | None) -> None:
    wholly = f"`sandbox promote d{deployment.number}`"
    if current is None:
        raise NotPossible(
            "Nothing is released yet, so there is nothing that a share could be compared with.",
            f"Release it wholly: {wholly}.",
        )
    if current.deployment_id == deployment.id:
        raise NotPossible(
            f"All visitors get d{deployment.number} already (release {current.number}).",
            f"Release it again with the present variables: {wholly}.",
        )


async def _variables_at(
    tx: AsyncSession, made: Sequence[Release], deployment: Deployment, request: ReleaseRequest
) -> int:
    """What was tried as a candidate is what gets the other visitors."""
    newer = candidate(made)
    if newer and newer.deployment_id == deployment.id and not request.replace:
        return newer.variables_at
    return await variables.newest_id(tx, deployment.app_id)
