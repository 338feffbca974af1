"""Visit: a real browser opens the app through the edge, and says whether a session came up."""

import asyncio
import secrets
from contextlib import suppress

from sandbox_server.domain import config, names
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.kind import Kind
from sandbox_server.errors import RuntimeUnavailable, StartFailed
from sandbox_server.operations import edge, start, trouble
from sandbox_server.operations.parts import Parts
from sandbox_server.runtime.base import ContainerState, LogLine
from sandbox_server.store import deployments, instances
from sandbox_server.store.tables import App, Deployment, Instance
from sandbox_server.visitor.base import Itinerary, Outcome, Visit
from sandbox_server.wire import OutputError, Smoke

WORDS = "a browser looks whether it works"
_FAILED = {
    "session": "No session came up",
    "page": "The page is not whole",
    "api": "The API does not answer",
}
NARRATE_EVERY = 2.0
"""Seconds."""


async def visit(parts: Parts, row: Instance, *, again: bool = False) -> Smoke:
    """Visit this instance by a one-time pin, unless it was visited before; afterwards it is `up`.

    `again`: whatever was seen before is not known any more. Raises `StartFailed` if no session came up."""
    if row.visited and not again:
        return Smoke.model_validate((await _deployment(parts, row)).smoke)
    pin = f"visit-{secrets.token_hex(16)}"
    await _set(parts, row, visit_pin=pin)
    try:
        await edge.apply(parts)
        itinerary = await _itinerary(parts, row, pin)
        narration = asyncio.create_task(_narrate(parts, row))
        try:
            seen = await parts.visitor.visit(itinerary)
        finally:
            narration.cancel()
            await asyncio.gather(narration, return_exceptions=True)
        smoke = await _judge(parts, row, seen)
    except BaseException:
        await _set(parts, row, visit_pin="")
        raise
    await _passed(parts, row)
    return smoke


async def _itinerary(parts: Parts, row: Instance, pin: str) -> Itinerary:
    async with parts.store.read() as tx:
        deployment = await deployments.by_id(tx, row.deployment_id)
        app = await tx.get_one(App, row.app_id)
    domain = parts.settings.apps_domain
    host = (
        names.release_host(app.name, domain)
        if row.scope == Scope.release
        else names.deployment_host(app.name, deployment.number, domain)
    )
    smoke = config.stored(deployment.config).smoke
    timeout = smoke.timeout or parts.settings.smoke_timeout
    return Itinerary(
        url=f"{parts.base_url(host)}/", expects=Kind(deployment.kind).serves, timeout=timeout,
        wait_for=smoke.wait_for, pin=pin, users_wait=row.scope == Scope.release,
    )  # fmt: skip


async def _judge(parts: Parts, row: Instance, seen: Visit) -> Smoke:
    seconds = round(seen.seconds, 3)
    if seen.outcome is Outcome.no_browser:
        return Smoke(status="skipped", reason=seen.reason)
    if seen.outcome is Outcome.failed:
        lines = [line async for line in parts.runtime.logs(row.name, tail=200)]
        raise await _ended(parts, row, lines) or StartFailed(
            f"{_FAILED[await _serves(parts, row)]}: {seen.reason}",
            "Read the log: `sandbox logs`.",
            trouble.r_error(lines),
        )
    if seen.outcome is Outcome.busy:
        return Smoke(status="busy", reason=seen.reason, seconds=seconds)
    if seen.errors:
        named = ", ".join(error.output for error in seen.errors)
        errors = [OutputError(output=error.output, message=error.message) for error in seen.errors]
        return Smoke(status="failed", reason=f"Errors in outputs: {named}", errors=errors, seconds=seconds)
    return Smoke(status="passed", seconds=seconds)


async def _serves(parts: Parts, row: Instance) -> str:
    return Kind((await _deployment(parts, row)).kind).serves


async def _ended(parts: Parts, row: Instance, lines: list[LogLine]) -> StartFailed | None:
    """What the browser met tells little if R is gone: why it ended tells more."""
    for container in await parts.runtime.containers():
        if container.name == row.name and container.state is ContainerState.exited:
            return trouble.ended(
                container, start.memory_limit(await _deployment(parts, row), row.scope), lines
            )
    return None


async def _passed(parts: Parts, row: Instance) -> None:
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, row.id)
        if fresh.state in (InstanceState.stopping, InstanceState.ended):
            raise RuntimeUnavailable("The instance went away while a browser visited it.")
        for passed in (fresh, row):
            passed.visit_pin, passed.visited, passed.state = "", True, InstanceState.up
        tx.add(fresh)


async def _deployment(parts: Parts, row: Instance) -> Deployment:
    async with parts.store.read() as tx:
        return await deployments.by_id(tx, row.deployment_id)


async def _narrate(parts: Parts, row: Instance) -> None:
    """Show that somebody looks, and, while it takes long, what the app says meanwhile."""
    await start.tell(parts, row.deployment_id, WORDS)
    while True:
        await asyncio.sleep(NARRATE_EVERY)
        with suppress(RuntimeUnavailable):
            lines = [line.text async for line in parts.runtime.logs(row.name, tail=1)]
            said = lines[-1].strip()[:150] if lines else ""
            words = f"{WORDS}: {said}" if said else WORDS
            await start.tell(parts, row.deployment_id, words)


async def trust(parts: Parts, row: Instance) -> bool:
    """Count it as visited if a session came up before on an instance of the same deployment and spec.

    What crashed comes back by this without a browser: users wait.
    """
    async with parts.store.read() as tx:
        alike = await instances.of_deployment(tx, row.deployment_id)
    if not any(
        other.visited and (other.scope, other.spec_hash) == (row.scope, row.spec_hash) for other in alike
    ):
        return False
    await _passed(parts, row)
    return True


async def _set(parts: Parts, row: Instance, **values: object) -> None:
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, row.id)
        for name, value in values.items():
            setattr(fresh, name, value)
            setattr(row, name, value)
        tx.add(fresh)
