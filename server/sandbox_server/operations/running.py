"""Running: an app's instances in the release scope, one by one, and what of them does not come up."""

from sandbox_server.domain.instance import InstanceState, Leaving, Scope
from sandbox_server.operations import crash, hang
from sandbox_server.operations.observe import memory_of, people_on
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, instances
from sandbox_server.store.tables import Instance
from sandbox_server.wire_sessions import Running


async def running(parts: Parts, app_name: str) -> list[Running]:
    """Newest deployment first. Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        own = [row for row in await instances.live(tx) if (row.app_id, row.scope) == (app.id, Scope.release)]
        numbers = {row.deployment_id: (await deployments.by_id(tx, row.deployment_id)).number for row in own}
    shown = [_running(parts, app.name, numbers[row.deployment_id], row) for row in own]
    return sorted(shown, key=lambda one: (-one.deployment, one.since))


async def crashing(parts: Parts, app_name: str) -> list[str]:
    """Sentences about what goes down again and again: "d42 crashed 4 times in 10 minutes, starts again in 16 s".

    Raises `NotFound`.
    """
    now = parts.clock()
    async with parts.store.read() as tx:
        loops = await crash.loops_of(tx, await apps.get(tx, app_name), now)
    return [
        f"d{number} {loop.words(now)}" + (" (in its sandbox)" if scope == Scope.sandbox else "")
        for (number, scope), loop in sorted(loops.items(), reverse=True)
    ]


def _running(parts: Parts, app: str, number: int, row: Instance) -> Running:
    silent = hang.silent_for(parts, row)
    hung = row.drains_why == Leaving.hung or silent >= parts.settings.hang_after
    state = "hung" if hung and row.state in (InstanceState.up, InstanceState.draining) else row.state
    return Running.model_validate(
        {
            "app": app, "deployment": number, "scope": row.scope, "instance": row.name, "state": state,
            "words": f"has not answered for {silent:.0f} s" if hung and silent else "",
            "sessions": people_on(parts.observed, [row]), "memory": memory_of(parts.observed, [row]),
            "since": row.created_at,
        }
    )  # fmt: skip
