"""Render: a document is rendered again, with other parameters or newer data, and then shown instead of what was."""

from collections.abc import Mapping

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain.instance import Scope
from sandbox_server.domain.kind import Kind
from sandbox_server.domain.release import serving
from sandbox_server.errors import NotPossible
from sandbox_server.operations import documents, jobs, overview
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, events, instances, outputs, releases
from sandbox_server.store import jobs as job_rows
from sandbox_server.store.tables import App, Deployment
from sandbox_server.wire import Job, Output, RenderRequest, Status


async def request_render(
    parts: Parts, caller: Caller, app_name: str, number: int, request: RenderRequest
) -> Job:
    """A new instance renders beside the one that is shown, and takes its place when it is whole.

    In the release scope users see it at once. Raises `NotPossible`, `NotFound`; then nothing changes.
    """
    scope, now = Scope(request.scope), parts.clock()
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        deployment = await deployments.get(tx, app, number)
        if not documents.renders(deployment):
            raise NotPossible(
                f"d{number} is {Kind(deployment.kind).label}; only static documents are rendered.",
                f"Fresh instances of it: `sandbox restart d{number}`.",
            )
        variables_at = await _shown(tx, app, deployment, scope)
        target = f"app:{app.id}" if scope is Scope.release else f"deployment:{deployment.id}"
        replaced = [row.id for row in await instances.live(tx, deployment.id) if row.scope == scope]
        payload = {
            "deployment": deployment.id, "kind": "render", "scope": scope, "variables_at": variables_at,
            "instead_of": replaced, "parameters": request.parameters,
        }  # fmt: skip
        job = await job_rows.add(
            tx, "render", target, payload, by=caller.user, now=now, progress=f"rendering d{number}"
        )
        await events.record(
            tx, at=now, by=caller.user, action="document.asked", app=app.name, subject=f"d{number}", new=scope,
            reason=_said(request.parameters),
        )  # fmt: skip
    return await jobs.show_job(parts, job.id or 0)


async def list_outputs(parts: Parts, app_name: str, number: int) -> list[Output]:
    """Newest first. Raises `NotFound`."""
    async with parts.store.read() as tx:
        deployment = await deployments.get(tx, await apps.get(tx, app_name), number)
        rows = await outputs.of_deployment(tx, deployment.id or 0)
    return [overview.output(row, number) for row in rows]


async def _shown(tx: AsyncSession, app: App, deployment: Deployment, scope: Scope) -> int | None:
    """With which variables it is shown in this scope: those of its release or candidate; None: the present ones."""
    number = deployment.number
    if scope is Scope.release:
        shown = [
            row
            for row in serving(await releases.of_app(tx, app.id or 0))
            if row.deployment_id == deployment.id
        ]
        if not shown:
            raise NotPossible(
                f"d{number} is not what users get.", f"Release it: `sandbox promote d{number}`."
            )
        return shown[-1].variables_at
    if deployment.status != Status.ready:
        raise NotPossible(
            f"d{number} is {deployment.status}.", f"Start it again: `sandbox restart d{number}`."
        )
    return None


def _said(parameters: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(parameters.items()))[:500]
