"""What people see: computed from rows, from what was last observed, and from the clock. Little of it is stored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from sandbox_server.domain import config, names
from sandbox_server.domain.deployment import UNFINISHED
from sandbox_server.domain.instance import Scope
from sandbox_server.domain.lifetime import removal_words
from sandbox_server.domain.opinion import Kind
from sandbox_server.domain.release import candidate, in_force, kept
from sandbox_server.operations import crash, differences, heard
from sandbox_server.operations.bell import wait as wait_for
from sandbox_server.operations.expire import spans_of
from sandbox_server.operations.observe import memory_of, people_on
from sandbox_server.operations.parts import Parts
from sandbox_server.store import (  # fmt: skip
    apps,
    board,
    deployments,
    gates,
    instances,
    notices,
    outputs,
    releases,
)
from sandbox_server.store.tables import App, Branch, Deployment, Instance, Output, Release
from sandbox_server.wire import App as AppWire
from sandbox_server.wire import AppDetail, Problem, Smoke
from sandbox_server.wire import Branch as BranchWire
from sandbox_server.wire import Deployment as DeploymentWire
from sandbox_server.wire import Output as OutputWire
from sandbox_server.wire import Release as ReleaseWire
from sandbox_server.wire_sessions import Notice


@dataclass(frozen=True)
class _Look:
    """One app's rows, in one look."""

    parts: Parts
    app: App
    branches: Sequence[Branch]
    deployments: Sequence[Deployment]
    """Newest first."""
    releases: Sequence[Release]
    """Newest first."""
    live: Sequence[Instance]
    outputs: Mapping[int, Output]
    """Of the releases, by id."""
    loops: Mapping[int, str] = field(default_factory=dict)
    """What goes down again and again, in words, by the deployment's number."""

    @cached_property
    def current(self) -> Release | None:
        return in_force(self.releases)

    @cached_property
    def kept(self) -> Collection[int]:
        """Numbers of earlier releases whose instances go on running."""
        return kept(self.releases, self.parts.settings.keep_previous, self.parts.clock())

    @cached_property
    def by_id(self) -> Mapping[int | None, Deployment]:
        return {row.id: row for row in self.deployments}

    def of(self, deployment_id: int, scope: Scope | None = None) -> list[Instance]:
        return [
            row
            for row in self.live
            if row.deployment_id == deployment_id and scope in (None, Scope(row.scope))
        ]


async def list_apps(parts: Parts) -> list[AppWire]:
    """All apps, by name."""
    async with parts.store.read() as tx:
        tiles = await board.all_tiles(tx)
    return [_tile(parts, tile) for tile in tiles]


async def app_detail(parts: Parts, app: str) -> AppDetail:
    """Raises `NotFound`."""
    return await _detail(await _look(parts, app))


async def app_and_releases(parts: Parts, app: str) -> tuple[AppDetail, list[ReleaseWire]]:
    """As `app_detail` and `list_releases`, from one look."""
    look = await _look(parts, app)
    return await _detail(look), await _releases(look)


async def list_deployments(
    parts: Parts, app: str, branch: str | None = None, limit: int = 50
) -> list[DeploymentWire]:
    """Newest first. Raises `NotFound`."""
    look = await _look(parts, app)
    branch_id: int | None = None
    if branch is not None:
        async with parts.store.read() as tx:
            branch_id = (await apps.get_branch(tx, look.app, branch)).id
    rows = [row for row in look.deployments if branch_id in (None, row.branch_id)]
    return [_deployment(look, row) for row in rows[:limit]]


async def show_deployment(
    parts: Parts, app: str, number: int, seen: int | None = None, wait: float = 0
) -> DeploymentWire:
    """One deployment; with `seen`, waits up to `wait` seconds until its version is another one."""
    deadline = parts.monotonic() + wait
    while True:
        heard = parts.bell.listen()
        async with parts.store.read() as tx:
            row = await deployments.get(tx, await apps.get(tx, app), number)
            needed = (await gates.in_force(tx, row.app_id)).reviews
        left = deadline - parts.monotonic()
        if row.version != seen or left <= 0:
            shown = _deployment(await _look(parts, app), row)
            return shown.model_copy(update={"reviews_needed": needed})
        await wait_for(heard, min(left, 2))


async def list_releases(parts: Parts, app: str) -> list[ReleaseWire]:
    """Newest first. Raises `NotFound`."""
    return await _releases(await _look(parts, app))


async def list_notices(parts: Parts, app: str) -> list[Notice]:
    """Open ones, newest first. Raises `NotFound`."""
    async with parts.store.read() as tx:
        row = await apps.get(tx, app)
        found = await notices.open_ones(tx, row.id)
    return [
        Notice(
            app=row.name, key=one.key, text=one.text, hint=one.hint, at=one.at,
            settled_at=one.settled_at, told_at=one.told_at,
        )
        for one in found
    ]  # fmt: skip


def output(row: Output, number: int) -> OutputWire:
    """What was rendered from the deployment of this number."""
    return OutputWire(
        deployment=number, scope=row.scope, parameters=row.parameters, digest=row.digest, size=row.size,
        seconds=row.seconds, by=row.by, created_at=row.created_at,
    )  # fmt: skip


async def _look(parts: Parts, app_name: str) -> _Look:
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        assert app.id is not None
        live = [row for row in await instances.live(tx) if row.app_id == app.id]
        now = parts.clock()
        loops = {key[0]: loop.words(now) for key, loop in (await crash.loops_of(tx, app, now)).items()}
        return _Look(
            parts, app, await apps.branches(tx, app.id), await deployments.of_app(tx, app.id),
            await releases.of_app(tx, app.id), live, await outputs.of_releases(tx, app.id), loops,
        )  # fmt: skip


async def _detail(look: _Look) -> AppDetail:
    async with look.parts.store.read() as tx:
        tile = await board.tile(tx, look.app)
    return AppDetail(**_tile(look.parts, tile).model_dump(), sandboxes=_sandboxes(look))


async def _releases(look: _Look) -> list[ReleaseWire]:
    async with look.parts.store.read() as tx:
        said = await heard.by_then(tx, look.app.id or 0, look.releases, look.by_id)
    shown = [_release(look, row, said.get(row.number)) for row in look.releases]
    for release in shown[:1]:
        release.output_diff = await differences.of_release(look.parts, look.releases[0])
    return shown


def _tile(parts: Parts, tile: board.Tile) -> AppWire:
    look = _Look(parts, tile.app, tile.shown, tile.deployments, tile.releases, tile.live, tile.outputs)
    pushed_at = tile.pushed_at or tile.app.created_at
    current, newer = in_force(tile.releases), candidate(tile.releases)
    return AppWire(
        app=tile.app.name,
        title=tile.app.title,
        url=_url(parts, names.release_host(tile.app.name, parts.settings.apps_domain)),
        page=f"{parts.settings.control_url}/apps/{tile.app.name}",
        release=_release(look, current) if current else None,
        candidate=_release(look, newer) if newer else None,
        seen=max((row.number for row in tile.releases), default=0),
        notices=tile.notices,
        up=tile.up if current else None,
        branches=tile.branches,
        sessions=people_on(parts.observed, tile.live),
        memory=memory_of(parts.observed, tile.live),
        updated_at=max(pushed_at, *(row.created_at for row in tile.releases)) if current else pushed_at,
    )


def _sandboxes(look: _Look) -> list[BranchWire]:
    shown = []
    for branch in look.branches:
        own = [row for row in look.deployments if row.branch_id == branch.id]
        if not own:
            continue
        current = next((row for row in own if row.id == branch.current_id), None)
        shown.append(
            BranchWire(
                branch=branch.name,
                url=_sandbox_url(look, branch),
                current=_deployment(look, current, Scope.sandbox) if current else None,
                latest=_deployment(look, own[0], Scope.sandbox),
                deployments=len(own),
                removal=removal_words(branch, spans_of(look.parts), look.parts.clock()),
                used_at=_used_at(branch, own),
            )
        )
    return sorted(shown, key=lambda row: row.latest.created_at, reverse=True)


def _used_at(branch: Branch, own: Sequence[Deployment]) -> datetime:
    known = [branch.touched_at, own[0].created_at, *(row.used_at for row in own)]
    return max(at for at in known if at)


def _deployment(look: _Look, row: Deployment, scope: Scope | None = None) -> DeploymentWire:
    """With its sessions and memory in this scope, or in both."""
    branch = _branch_of(look, row)
    released = look.current
    rows = look.of(row.id or 0, scope)
    wanted = config.stored(row.config)
    domain = look.parts.settings.apps_domain
    return DeploymentWire(
        app=look.app.name,
        branch=branch.name if branch else "",
        deployment=row.number,
        status=row.status,
        phase=_phase(look, row),
        url=_sandbox_url(look, branch) if branch else "",
        permalink=_url(look.parts, names.deployment_host(look.app.name, row.number, domain)),
        page=f"{look.parts.settings.control_url}/apps/{look.app.name}/deployments/{row.number}",
        image=row.image,
        bundle=row.bundle,
        kind=row.kind,
        why=row.why,
        origin=row.origin,
        r_version=row.r_version,
        drift=row.drift,
        notices=row.notices,
        commit=row.git_commit,
        message=row.message,
        dirty=row.dirty,
        note=row.note,
        author=row.author,
        smoke=Smoke.model_validate(row.smoke),
        seconds=row.seconds,
        error=Problem(**row.error) if row.error else None,
        created_at=row.created_at,
        ready_at=row.ready_at,
        current=branch is not None and branch.current_id == row.id,
        released=released is not None and released.deployment_id == row.id,
        sessions=people_on(look.parts.observed, rows),
        memory=memory_of(look.parts.observed, rows),
        instances=len([one for one in rows if one.name in look.parts.observed.memory]),
        memory_limit=wanted.memory,
        cpus=wanted.cpus,
        timezone=wanted.timezone,
        live=_live(look, released),
        version=row.version,
    )


def _branch_of(look: _Look, row: Deployment) -> Branch | None:
    return next((branch for branch in look.branches if branch.id == row.branch_id), None)


def _live(look: _Look, released: Release | None) -> str:
    if released is None:
        return ""
    deployment = look.by_id.get(released.deployment_id)
    return f"d{deployment.number} (release {released.number})" if deployment else ""


def _phase(look: _Look, row: Deployment) -> str:
    """One line about now: what is stored while work goes on, and else what was observed."""
    if row.status in UNFINISHED:
        return row.phase
    if row.number in look.loops:
        return look.loops[row.number]
    if row.status == "ready":
        own = look.of(row.id or 0, Scope.sandbox)
        if not own or not any(instance.name in look.parts.observed.containers for instance in own):
            return "its container is being started"
    return ""


def _release(look: _Look, row: Release, said: dict[Kind, list[str]] | None = None) -> ReleaseWire:
    deployment = look.by_id.get(row.deployment_id)
    branch = _branch_of(look, deployment) if deployment else None
    instances_of = [
        instance
        for instance in look.of(row.deployment_id, Scope.release)
        if instance.spec_hash == row.spec_hash
    ]
    seen = row.smoke or (deployment.smoke if deployment else {})
    rendered = look.outputs.get(row.output_id or 0)
    return ReleaseWire(
        release=row.number,
        app=look.app.name,
        deployment=deployment.number if deployment else 0,
        branch=branch.name if branch else "",
        image=row.image,
        url=_url(look.parts, names.release_host(look.app.name, look.parts.settings.apps_domain)),
        by=row.by,
        reason=row.reason,
        kind=row.kind,
        returns_to=row.returns_to,
        created_at=row.created_at,
        in_force=row is look.current,
        kept_until=_kept_until(look, row),
        sessions=people_on(look.parts.observed, instances_of),
        message=deployment.message if deployment else "",
        smoke=Smoke.model_validate(seen) if seen else None,
        output=output(rendered, deployment.number) if deployment and rendered else None,
        share=row.share,
        override=row.override,
        since_push=_since_push(row, deployment),
        verdicts=said or {},
    )


def _since_push(row: Release, deployment: Deployment | None) -> float | None:
    if deployment is None or row.kind != "promote":
        return None
    return (row.created_at - deployment.created_at).total_seconds()


def _kept_until(look: _Look, row: Release) -> datetime | None:
    if look.current is None or row is look.current or row.share < 100 or row.number not in look.kept:
        return None
    return look.current.created_at + timedelta(seconds=look.parts.settings.keep_previous)


def _sandbox_url(look: _Look, branch: Branch) -> str:
    return _url(look.parts, names.sandbox_host(look.app.name, branch.label, look.parts.settings.apps_domain))


def _url(parts: Parts, host: str) -> str:
    return parts.base_url(host)
