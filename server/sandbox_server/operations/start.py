"""Start: an instance of a deployment in a scope comes up, or it is said why not."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import config, names
from sandbox_server.domain.instance import InstanceState, Scope, Spec, volume_name
from sandbox_server.domain.kind import Kind
from sandbox_server.errors import ImageMissing, RuntimeUnavailable, StartFailed
from sandbox_server.operations import claim, documents, retire, trouble
from sandbox_server.operations.parts import Parts
from sandbox_server.runtime.base import ContainerSpec, ContainerState
from sandbox_server.store import deployments, instances, jobs, variables
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import App, Branch, Deployment, Instance
from sandbox_server.wire import Status

Watcher = Callable[[str], Awaitable[None]]
"""Hears the last line of the log while an app starts."""


@dataclass(frozen=True)
class Plan:
    """Everything that an instance is made from, values included: never log it."""

    row: Instance
    container: ContainerSpec
    memory: int
    kind: Kind
    entry: str


async def bring_up(
    parts: Parts,
    deployment_id: int,
    scope: Scope,
    *,
    variables_at: int | None = None,
    instead_of: Collection[int] = (),
    parameters: Mapping[str, str] | None = None,
    reserved: int | None = None,
) -> Instance:
    """An instance that answers: one that is there already and not `instead_of`'s, or a new one, or the `reserved` one.

    In the sandbox scope it is `up` from then on; in the release scope it stays `starting`, out of reach, until it was
    visited. With `parameters`, a new one renders its document anew. Raises `StartFailed`, `ImageMissing`, `Full`
    (final) and `RuntimeUnavailable` (may be tried again).
    """
    plan = await _plan(parts, deployment_id, scope, variables_at, instead_of, parameters, reserved)
    failpoint("start.leased")
    if plan.row.state == InstanceState.up:
        if await _runs(parts, plan.row):
            return plan.row
        if plan.row.rendering:
            # Made anew: the variables of the one that stopped tell it to render.
            await parts.runtime.remove(plan.row.name)
    try:
        started = await claim.start(parts, plan.row, plan.container)
        plan = replace(plan, row=started.row)
        failpoint("start.started")
        began = time.monotonic()
        await _put_back(parts, plan)
        await _answers_or_starts_cold(parts, plan, started)
    except (StartFailed, ImageMissing):
        await retire.retire(parts, plan.row)
        raise
    await documents.took(parts, plan.row, time.monotonic() - began)
    return await _came_up(parts, plan.row, scope)


async def spec_of(
    tx: AsyncSession, deployment: Deployment, branch: str, scope: Scope, variables_at: int | None
) -> Spec:
    """From what an instance of this deployment would be made now; without an image while that is made."""
    wanted = config.stored(deployment.config)
    limits = config.instances(wanted, scope)
    rows = await variables.in_effect(tx, deployment.app_id, scope, branch, at=variables_at)
    return Spec(
        image=deployment.image or "",
        scope=scope,
        memory=limits.memory or 0,
        cpus=limits.cpus or 0,
        timezone=wanted.timezone,
        variables={row.name: row.id or 0 for row in rows},
    )


def memory_limit(deployment: Deployment, scope: str) -> int:
    """Bytes that one instance of this deployment may use."""
    return config.instances(config.stored(deployment.config), Scope(scope)).memory or 0


async def one_more(
    parts: Parts, tx: AsyncSession, deployment: Deployment, scope: Scope, variables_at: int | None
) -> Instance:
    """One that drains and comes back, or a new row beside those of its spec, which `bring_up` starts. Raises `Full`."""
    if parts.subnet is None:
        raise RuntimeUnavailable("The engine is not ready yet.")
    app, branch = await tx.get_one(App, deployment.app_id), await tx.get_one(Branch, deployment.branch_id)
    at = variables_at if variables_at is not None else await variables.newest_id(tx, deployment.app_id)
    spec = await spec_of(tx, deployment, branch.name, scope, at)
    for row in reversed(await instances.live(tx, deployment.id)):
        if row.spec_hash == spec.hash and instances.returns(row) and not await documents.outdated(tx, row):
            await instances.bring_back(tx, row, parts.clock())
            return row
    return await _lease(parts, tx, app, deployment, spec, at, apart=False)


async def _plan(
    parts: Parts,
    deployment_id: int,
    scope: Scope,
    variables_at: int | None,
    instead_of: Collection[int],
    parameters: Mapping[str, str] | None,
    reserved: int | None,
) -> Plan:
    if parts.subnet is None:
        raise RuntimeUnavailable("The engine is not ready yet.")
    async with parts.store.write() as tx:
        deployment = await deployments.by_id(tx, deployment_id)
        app, branch = await tx.get_one(App, deployment.app_id), await tx.get_one(Branch, deployment.branch_id)
        if deployment.image is None:
            raise ImageMissing(f"d{deployment.number} has no image.")
        at = variables_at if variables_at is not None else await variables.newest_id(tx, deployment.app_id)
        spec = await spec_of(tx, deployment, branch.name, scope, at)
        row = (
            await _reserved(tx, reserved)
            if reserved is not None
            else await _made_ahead(tx, deployment_id, spec)
            or await _equal(parts, tx, deployment_id, spec, instead_of)
            or await _lease(parts, tx, app, deployment, spec, at, apart=bool(instead_of))
        )
        _begin(parts, row)
        told = await documents.choose(parts, tx, deployment, row, parameters)
        container = await _container_of(parts, tx, deployment, spec, row, at, told)
    return Plan(row, container, spec.memory, Kind(deployment.kind), deployment.entry)


async def plan_ahead(
    parts: Parts, tx: AsyncSession, deployment: Deployment
) -> tuple[Instance, ContainerSpec]:
    """A row for the instance of a push whose image is being made, and all but the image that it is made from.

    `bring_up` finds the row again by its spec, of which only the image is missing. Raises `Full`.
    """
    app, branch = await tx.get_one(App, deployment.app_id), await tx.get_one(Branch, deployment.branch_id)
    at = await variables.newest_id(tx, deployment.app_id)
    spec = await spec_of(tx, deployment, branch.name, Scope.sandbox, at)
    row = await _lease(parts, tx, app, deployment, spec, at, apart=False)
    return row, await _container_of(parts, tx, deployment, spec, row, at, {})


async def _made_ahead(tx: AsyncSession, deployment_id: int, spec: Spec) -> Instance | None:
    for row in await instances.live(tx, deployment_id):
        going = row.state in (InstanceState.starting, InstanceState.up)
        if going and row.spec_hash == replace(spec, image="").hash:
            row.spec_hash = spec.hash
            tx.add(row)
            return row
    return None


async def _container_of(
    parts: Parts, tx: AsyncSession, deployment: Deployment, spec: Spec, row: Instance, at: int,
    told: Mapping[str, str],
) -> ContainerSpec:  # fmt: skip
    """With the values of its variables, and what it is `told` beside."""
    app, branch = await tx.get_one(App, deployment.app_id), await tx.get_one(Branch, deployment.branch_id)
    in_effect = await variables.in_effect(tx, deployment.app_id, spec.scope, branch.name, at=at)
    values = {one.name: parts.sealer.open(one.ciphertext) for one in in_effect if one.ciphertext is not None}
    own = {**_own_variables(parts, app, branch, deployment, spec, row), **told}
    volume = volume_name(parts.platform, deployment.app_id, spec.scope) if deployment.bookmarks else ""
    return _container(row, spec, {**_defaults(parts, spec), **values, **own}, volume)


async def _lease(
    parts: Parts, tx: AsyncSession, app: App, deployment: Deployment, spec: Spec, at: int, *, apart: bool
) -> Instance:
    assert parts.subnet is not None
    return await instances.lease(
        tx, app, deployment, spec, variables_at=at, platform=parts.platform, subnet=parts.subnet,
        slots=parts.settings.slots, servers_per_slot=parts.settings.servers_per_slot, apart=apart,
        now=parts.clock(),
    )  # fmt: skip


async def _reserved(tx: AsyncSession, row_id: int) -> Instance:
    row = await tx.get_one(Instance, row_id)
    if row.state in (InstanceState.stopping, InstanceState.ended):
        raise RuntimeUnavailable("The instance went away before it was started.")
    return row


async def _equal(
    parts: Parts, tx: AsyncSession, deployment_id: int, spec: Spec, instead_of: Collection[int]
) -> Instance | None:
    """A live instance of the same spec: best one that is up, else one that starts; drained ones come back.

    One that another job starts, or will start, is that job's alone.
    """
    found: list[tuple[tuple[bool, ...], Instance]] = []
    others = {job.payload.get("instance") for job in await jobs.open_jobs(tx)} | _begun_by_others(parts)
    for row in await instances.live(tx, deployment_id):
        if row.spec_hash != spec.hash or row.id in instead_of or await documents.outdated(tx, row):
            continue
        if row.state == InstanceState.starting and row.id in others:
            continue
        if row.state in (InstanceState.up, InstanceState.starting) or instances.returns(row):
            up = row.state == InstanceState.up
            found.append(((up and row.visited, up, row.state == InstanceState.starting), row))
    if not found:
        return None
    _, best = max(found, key=lambda one: (one[0], one[1].id))
    if best.state == InstanceState.draining:
        await instances.bring_back(tx, best, parts.clock())
    return best


def _begin(parts: Parts, row: Instance) -> None:
    """From now on until the job ends nobody else starts or visits this one. Called within the transaction that chose
    it, so that no other one chooses it in between."""
    for row_id in [row_id for row_id, task in parts.starters.items() if task.done()]:
        del parts.starters[row_id]
    task = asyncio.current_task()
    if row.state == InstanceState.starting and row.id is not None and task is not None:
        parts.starters.setdefault(row.id, task)


def _begun_by_others(parts: Parts) -> set[int | None]:
    own = asyncio.current_task()
    return {row_id for row_id, task in parts.starters.items() if task is not own and not task.done()}


def _container(row: Instance, spec: Spec, environment: dict[str, str], volume: str) -> ContainerSpec:
    return ContainerSpec(
        name=row.name, image=spec.image, address=IPv4Address(row.address or ""), environment=environment,
        memory=spec.memory, cpus=spec.cpus, spec_hash=spec.hash, volume=volume,
    )  # fmt: skip


def _own_variables(
    parts: Parts, app: App, branch: Branch, deployment: Deployment, spec: Spec, row: Instance
) -> dict[str, str]:
    domain = parts.settings.apps_domain
    released = spec.scope is Scope.release
    host = (
        names.release_host(app.name, domain)
        if released
        else names.sandbox_host(app.name, branch.label, domain)
    )
    # Which pages may ask an app's pages where their reader is; a release's pages answer nobody.
    reviews = {} if released else {"SANDBOX_CONTROL": parts.settings.control_url}
    return {
        **reviews,
        "SANDBOX_APP": app.name,
        "SANDBOX_BRANCH": branch.name,
        "SANDBOX_SCOPE": spec.scope,
        "SANDBOX_URL": parts.base_url(host),
        "SANDBOX_DEPLOYMENT": f"d{deployment.number}",
        "SANDBOX_WORKER": row.worker,
        "SANDBOX_SECRET": parts.sealer.derive(f"runner {row.name}"),
        "SANDBOX_MEMORY": str(spec.memory),
        "SANDBOX_CPUS": str(spec.cpus),
    }


def _defaults(parts: Parts, spec: Spec) -> dict[str, str]:
    """What variables may replace. `production` is what config.yml calls it by custom."""
    active = "production" if spec.scope is Scope.release else "sandbox"
    return {**parts.proxies, "R_CONFIG_ACTIVE": active, "TZ": spec.timezone}


async def _put_back(parts: Parts, plan: Plan) -> None:
    try:
        await documents.put_back(parts, plan.row)
    except RuntimeUnavailable:
        await _check_runs(parts, plan)
        raise


async def _answers_or_starts_cold(parts: Parts, plan: Plan, started: claim.Started) -> None:
    """An app that ends in a container that waited for it is given the usual start before it is said to fail."""

    async def watch(words: str) -> None:
        await tell(parts, plan.row.deployment_id, words)

    try:
        await _answers(parts, plan, watch)
    except StartFailed:
        if not started.claimed or await _runs(parts, plan.row):
            raise
        await claim.start_cold(parts, plan.row, plan.container)
        await _answers(parts, plan, watch)


def is_up(kind: Kind, status: int | None) -> bool:
    """Whether this is the answer of an app that came up."""
    return status is not None and (status < 500 or kind.serves == "api")


async def _answers(parts: Parts, plan: Plan, tell: Watcher) -> None:
    """Wait for the first answer. Raises `StartFailed` if the process ends, or if time is over."""
    patience = parts.settings.render_timeout if plan.kind.renders else parts.settings.start_timeout
    began = time.monotonic()
    looked = began
    status: int | None = None
    while (now := time.monotonic()) - began < patience:
        status = await parts.runtime.probe(plan.row.name, IPv4Address(plan.row.address or ""))
        if is_up(plan.kind, status):
            return
        if now - looked > 0.5:
            looked = now
            await _check_runs(parts, plan)
            await tell(await _last_line(parts, plan))
        await asyncio.sleep(0.02)
    lines = [line async for line in parts.runtime.logs(plan.row.name, tail=100)]
    what, hint = (
        "did not listen",
        f"Move slow work out of the top of {plan.entry}; the log says where it stands.",
    )
    if status:
        what, hint = (
            f"answered with status {status} only",
            "Its first page fails; the log says why: `sandbox logs`.",
        )
    if plan.kind.renders:
        what, hint = (
            "was not rendered",
            "The log says where it stands; SANDBOX_RENDER_TIMEOUT is the limit.",
        )
    raise StartFailed(
        f"The {'document' if plan.kind.renders else 'app'} {what} within {patience:.0f} s.",
        hint,
        trouble.r_error(lines),
    )


async def _check_runs(parts: Parts, plan: Plan) -> None:
    containers = {container.name: container for container in await parts.runtime.containers()}
    container = containers.get(plan.row.name)
    if container is None:
        raise RuntimeUnavailable("The container went away while the app was starting.")
    if container.state is ContainerState.exited:
        lines = [line async for line in parts.runtime.logs(plan.row.name, tail=200)]
        raise trouble.ended(container, plan.memory, lines)


async def _last_line(parts: Parts, plan: Plan) -> str:
    lines = [line async for line in parts.runtime.logs(plan.row.name, tail=20 if plan.kind.renders else 1)]
    if plan.kind.renders:
        return documents.progress(lines)
    said = lines[-1].text.strip()[:150] if lines else ""
    return f"starting R: {said}" if said else "starting R"


async def tell(parts: Parts, deployment_id: int, words: str) -> None:
    """Only while somebody waits for this deployment: a promote of a ready one has its own words."""
    async with parts.store.read() as tx:
        deployment = await deployments.by_id(tx, deployment_id)
    if deployment.status == Status.starting and deployment.phase != words:
        async with parts.store.write() as tx:
            await deployments.note(tx, deployment_id, phase=words)


async def _came_up(parts: Parts, row: Instance, scope: Scope) -> Instance:
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, row.id)
        if fresh.state in (InstanceState.stopping, InstanceState.ended):
            raise RuntimeUnavailable("The instance went away while it was starting.")
        if fresh.state == InstanceState.starting and (scope is Scope.sandbox or fresh.visited):
            fresh.state = InstanceState.up
        tx.add(fresh)
    return fresh


async def _runs(parts: Parts, row: Instance) -> bool:
    found = {container.name: container.state for container in await parts.runtime.containers()}
    return found.get(row.name) is ContainerState.running
