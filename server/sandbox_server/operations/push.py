"""Push: a bundle on a branch becomes a deployment, with a number and a URL for ever. Nothing of it reaches users."""

from dataclasses import replace
from datetime import datetime

from sandbox_server.auth import Caller
from sandbox_server.domain import config, names
from sandbox_server.domain.config import AppConfig
from sandbox_server.domain.instance import Scope
from sandbox_server.domain.running import Instances, numbers
from sandbox_server.errors import BadConfig
from sandbox_server.operations import bundle, overview, proposals, quotas
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.trouble import shown_size
from sandbox_server.settings import Settings
from sandbox_server.store import apps, deployments, events, jobs
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import App, Branch, Deployment
from sandbox_server.wire import Deployment as DeploymentWire
from sandbox_server.wire import Push, Status


async def push(parts: Parts, caller: Caller, app_name: str, request: Push) -> DeploymentWire:
    """Queue the work and answer at once. Raises `BadName`, `BadRequest`, `BadBundle`, `BadConfig`, `NotAnApp`,
    `QuotaReached`."""
    names.check_app_name(app_name)
    names.check_branch(request.branch)
    read = await bundle.read(parts, request.bundle)
    settled = _settled(parts.settings, read.config)
    now = parts.clock()
    async with parts.store.write() as tx:
        await quotas.check(parts, tx, app_name, request.branch)
        app = await apps.ensure(tx, app_name, caller.user, now)
        branch = await apps.ensure_branch(tx, app, request.branch, caller.user, now)
        app.deployments += 1
        app.title = read.config.title or app.title or app_name
        deployment = _row(app, branch, request, replace(read, config=settled), caller, now)
        tx.add_all([app, deployment])
        await tx.flush()
        await events.record(
            tx, at=now, by=caller.user, action="deployment.pushed", app=app.name,
            subject=f"d{deployment.number}", new=f"{branch.name} {request.commit[:7]}".strip(),
            reason=request.note,
        )  # fmt: skip
        await proposals.take_first(tx, app, deployment, now)
        for older in await deployments.of_app(tx, deployment.app_id, branch.id):
            if older.status == Status.queued and older.number < deployment.number:
                await deployments.move(
                    tx, older, Status.superseded, at=now, by=caller.user, app=app.name,
                    reason=f"d{deployment.number} was pushed",
                )  # fmt: skip
        await jobs.add(
            tx,
            "deploy",
            f"deployment:{deployment.id}",
            {"deployment": deployment.id},
            by=caller.user,
            now=now,
        )
    failpoint("push.queued")
    return await overview.show_deployment(parts, app_name, deployment.number)


def _settled(settings: Settings, asked: AppConfig) -> AppConfig:
    """With the limits that the app did not ask for, so that a changed setting is no change of what was reviewed.

    Raises `BadConfig` if it asks for more memory or more instances than this server gives.
    """
    memory, cpus = asked.memory or settings.memory, asked.cpus or settings.cpus
    whole = asked.model_copy(
        update={"memory": memory, "cpus": cpus, "timezone": asked.timezone or settings.timezone}
    )
    sandbox = _settled_scope(settings, whole, Scope.sandbox, "instances.sandbox")
    release = _settled_scope(settings, whole, Scope.release, "instances")
    return whole.model_copy(update={"instances": release.model_copy(update={"sandbox": sandbox})})


def _settled_scope(settings: Settings, asked: AppConfig, scope: Scope, where: str) -> Instances:
    said = config.instances(asked, scope)
    memory, places = said.memory or 0, settings.servers_per_slot - 1
    most = said.max or min(numbers(said).most, max(places, said.min))
    if memory > settings.memory_limit:
        limit = shown_size(settings.memory_limit)
        raise BadConfig(
            f"The app asks for {shown_size(memory)} of memory; this server gives {limit} at most.",
            "Ask for less in sandbox.toml, or have the administrator raise SANDBOX_MEMORY_LIMIT.",
        )
    if most > places:
        # One place is for what starts beside an instance that hangs or drains.
        raise BadConfig(
            f"sandbox.toml: `{where}` asks for {most} instances; this server gives {places} at most.",
            "Ask for fewer, or have the administrator raise SANDBOX_SERVERS_PER_SLOT.",
        )
    return said.model_copy(update={"max": most})


def _row(
    app: App, branch: Branch, request: Push, read: bundle.Read, caller: Caller, now: datetime
) -> Deployment:
    assert app.id is not None
    assert branch.id is not None
    return Deployment(
        app_id=app.id,
        branch_id=branch.id,
        number=app.deployments,
        status=Status.queued,
        phase="waiting for its turn",
        bundle=request.bundle,
        bundle_size=read.size,
        config=read.config.model_dump(mode="json"),
        kind=read.detected.kind,
        entry=read.detected.entry,
        why=read.detected.why,
        bookmarks=read.bookmarks,
        git_commit=request.commit,
        message=request.message,
        commits=request.commits,
        dirty=request.dirty,
        note=request.note,
        author=caller.user,
        smoke={"status": "pending"},
        seconds={"upload": round(request.upload_seconds, 3)},
        created_at=now,
    )
