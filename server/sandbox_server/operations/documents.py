"""Documents: an instance renders its own output, the platform keeps it, and the instances that come after show it.

So what was reviewed or released stays byte for byte what it was, through crashes, sleep and rollbacks.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.instance import Scope
from sandbox_server.domain.kind import Kind
from sandbox_server.errors import BadBundle, StartFailed, StorageFull, TooLarge
from sandbox_server.operations.parts import Parts
from sandbox_server.runtime.base import LogLine
from sandbox_server.store import outputs
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import Deployment, Instance, Output

FOLDER = "/app/.sandbox-output"
"""Where an instance has its output."""

_PLAIN = "Leave in its folder regular files and folders only."
_HELD_UP = "Let the document's code stop no process; SANDBOX_RENDER_TIMEOUT is the limit for all of it."
_TOLD = re.compile(r"^sandbox: (rendering: .*)")
_KNITR = re.compile(r"^\s*(\d+)/(\d+)\s+\[(.+)\]\s*$")


def renders(deployment: Deployment) -> bool:
    return Kind(deployment.kind).renders


async def choose(
    parts: Parts,
    tx: AsyncSession,
    deployment: Deployment,
    row: Instance,
    parameters: Mapping[str, str] | None,
) -> dict[str, str]:
    """Decide whether a new instance shows what was kept or, always so with `parameters`, renders anew.

    Returns the variables that tell it so.
    """
    if not renders(deployment):
        return {}
    if row.output_id is None and not row.rendering:
        kept = await outputs.shown(tx, row.deployment_id, row.scope, row.spec_hash)
        if parameters is None and kept is not None and parts.outputs.has(kept.digest):
            row.output_id = kept.id
        else:
            row.rendering = {"parameters": await _parameters(tx, row, parameters)}
        tx.add(row)
    if row.output_id is not None:
        return {"SANDBOX_OUTPUT": (await tx.get_one(Output, row.output_id)).digest}
    return {"SANDBOX_PARAMETERS": json.dumps(row.rendering["parameters"])}


async def outdated(tx: AsyncSession, row: Instance) -> bool:
    """Whether another output is shown by now: such an instance does not come back."""
    if row.output_id is None:
        return False
    newest = await outputs.shown(tx, row.deployment_id, row.scope, row.spec_hash)
    return newest is not None and newest.id != row.output_id


async def put_back(parts: Parts, row: Instance) -> None:
    """Give a new instance the output that it waits for, if there is one."""
    if row.output_id is None:
        return
    async with parts.store.read() as tx:
        output = await tx.get_one(Output, row.output_id)
    async with _in_time(parts, row, "did not take back its output"):
        await parts.runtime.give(row.name, FOLDER, parts.outputs.archive(output.digest))


async def took(parts: Parts, row: Instance, seconds: float) -> None:
    """It answers: remember how long the rendering took."""
    if row.output_id is None and row.rendering:
        async with parts.store.write() as tx:
            fresh = await tx.get_one(Instance, row.id)
            fresh.rendering = {**fresh.rendering, "seconds": round(seconds, 3)}
            tx.add(fresh)


async def keep(parts: Parts, row: Instance, by: str) -> int | None:
    """Keep what this instance rendered, unless that was done; the id of the output that it shows.

    Raises `StartFailed` if it cannot be had or kept, `RuntimeUnavailable`.
    """
    async with parts.store.read() as tx:
        fresh = await tx.get_one(Instance, row.id)
    if fresh.output_id is not None or not fresh.rendering:
        return fresh.output_id
    digest, size = await _take(parts, row)
    failpoint("document.taken")
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Instance, row.id)
        output = await outputs.add(
            tx,
            Output(
                deployment_id=row.deployment_id, scope=row.scope, spec_hash=row.spec_hash, digest=digest,
                parameters=fresh.rendering["parameters"], size=size,
                seconds=fresh.rendering.get("seconds", 0), by=by, created_at=parts.clock(),
            ),
        )  # fmt: skip
        fresh.output_id = output.id
        tx.add(fresh)
    return output.id


def progress(lines: Sequence[LogLine]) -> str:
    """What the newest of these lines say of the rendering."""
    for line in reversed(lines):
        if told := _TOLD.match(line.text):
            return told[1][:150]
        if told := _KNITR.match(line.text):
            return f"rendering: chunk {told[1]} of {told[2]} [{told[3]}]"[:150]
    return "rendering"


async def _take(parts: Parts, row: Instance) -> tuple[str, int]:
    try:
        async with (
            _in_time(parts, row, "did not hand out its output"),
            aclosing(parts.runtime.take(row.name, FOLDER)) as archive,
        ):
            return await parts.outputs.keep(archive)
    except StorageFull as error:
        raise StartFailed(error.message, error.hint) from error
    except TooLarge as error:
        raise StartFailed(
            error.message, "Embed less in the document, or raise SANDBOX_OUTPUT_LIMIT."
        ) from error
    except BadBundle as error:
        raise StartFailed(f"The document's output cannot be kept: {error.message}", _PLAIN) from error


@asynccontextmanager
async def _in_time(parts: Parts, row: Instance, what: str) -> AsyncIterator[None]:
    """An app that holds up what is done in its container is ended. Raises `StartFailed`."""
    try:
        async with asyncio.timeout(parts.settings.render_timeout):
            yield
    except TimeoutError as error:
        await parts.runtime.stop(row.name, 0)
        raise StartFailed(f"The document {what} in time, and was ended.", _HELD_UP) from error


async def _parameters(tx: AsyncSession, row: Instance, asked: Mapping[str, str] | None) -> dict[str, str]:
    """Those that were asked for, else the last ones of this scope, else what was reviewed in the sandbox."""
    if asked is not None:
        return dict(asked)
    last = await outputs.latest(tx, row.deployment_id, row.scope) or await outputs.latest(
        tx, row.deployment_id, Scope.sandbox
    )
    return dict(last.parameters) if last else {}
