"""Cancel: end a push before it is ready."""

from sandbox_server.auth import Caller
from sandbox_server.domain.deployment import may
from sandbox_server.errors import NotPossible
from sandbox_server.operations import overview
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.trouble import CANCELLED
from sandbox_server.store import apps, deployments, jobs
from sandbox_server.wire import Deployment, Status


async def cancel(parts: Parts, caller: Caller, app_name: str, number: int) -> Deployment:
    """Raises `NotPossible` if it is over already."""
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        deployment = await deployments.get(tx, app, number)
        if not may(deployment.status).cancel:
            raise NotPossible(f"d{number} is {deployment.status}; there is nothing to cancel.")
        # What was ready once goes back to sleep: its image is as good as before.
        ends = Status.asleep if deployment.ready_at else Status.cancelled
        await deployments.move(tx, deployment, ends, at=parts.clock(), by=caller.user, app=app.name)
        await jobs.cancel(tx, f"deployment:{deployment.id}", parts.clock(), CANCELLED)
    return await overview.show_deployment(parts, app_name, number)
