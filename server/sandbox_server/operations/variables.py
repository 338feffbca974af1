"""Variables of an app, by scope and branch. Values go in and into instances, and never out again."""

import re

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain.deployment import UNFINISHED
from sandbox_server.errors import BadRequest, NotFound
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, events, jobs
from sandbox_server.store import variables as rows
from sandbox_server.store.tables import App, Branch
from sandbox_server.wire import Status, Variable, Variables, VariablesSet

LONGEST = 32 * 1024
"""Bytes of one value."""
MOST = 1024 * 1024
"""Bytes of all names and values that one instance gets: with more no program can be started."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,127}")
_RESERVED = re.compile(r"SANDBOX_|PATH$|HOME$|LD_|R_HOME$", re.IGNORECASE)
_EFFECT = {
    "sandbox": "Running sandboxes get fresh instances with it now.",
    "release": "Users get it with the next release: `sandbox promote`.",
}


async def list_variables(
    parts: Parts, app_name: str, scope: str | None = None, branch: str | None = None
) -> Variables:
    """Names only."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        listed = await rows.listed(tx, app.id or 0)
    shown = [
        Variable(name=row.name, scope=row.scope, branch=row.branch, by=row.by, set_at=row.created_at)
        for row in listed
        if scope in (None, row.scope) and branch in (None, row.branch)
    ]
    return Variables(variables=shown)


async def set_variables(parts: Parts, caller: Caller, app_name: str, request: VariablesSet) -> Variables:
    """Raises `BadRequest` for impossible names or values; then none is set."""
    for name, value in request.variables.items():
        _check(name, value)
    sealed = {name: parts.sealer.seal(value) for name, value in request.variables.items()}
    await _write(parts, caller, app_name, request.scope, request.branch, dict(sealed))
    return await _answer(parts, app_name, request.scope, request.branch)


async def remove_variable(
    parts: Parts, caller: Caller, app_name: str, name: str, scope: str, branch: str | None
) -> Variables:
    """Raises `NotFound` if it is not set there."""
    known = (await list_variables(parts, app_name, scope)).variables
    if not any((row.name, row.branch) == (name, branch) for row in known):
        raise NotFound(
            f"There is no variable {name[:60]!r} there.", f"See them: `sandbox env ls --app {app_name}`."
        )
    await _write(parts, caller, app_name, scope, branch, {name: None})
    return await _answer(parts, app_name, scope, branch)


async def _write(
    parts: Parts,
    caller: Caller,
    app_name: str,
    scope: str,
    branch: str | None,
    values: dict[str, bytes | None],
) -> None:
    now = parts.clock()
    if branch is not None and scope == "release":
        raise BadRequest("The release scope has no branches.", "Leave --branch out.")
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        found = await apps.get_branch(tx, app, branch) if branch is not None else None
        for name, ciphertext in values.items():
            await rows.add(
                tx,
                app.id or 0,
                scope=scope,
                branch=branch,
                name=name,
                ciphertext=ciphertext,
                by=caller.user,
                now=now,
            )
            await events.record(
                tx, at=now, by=caller.user, app=app.name, subject=name,
                action="variable.removed" if ciphertext is None else "variable.set",
                new=f"{scope} {branch or ''}".strip(),
            )  # fmt: skip
        if any(values.values()):
            await _check_total(tx, app, scope, found)
        if scope == "sandbox":
            await _refresh_sandboxes(parts, tx, app, found, caller)


async def _check_total(tx: AsyncSession, app: App, scope: str, only: Branch | None) -> None:
    names = [None, *(branch.name for branch in await apps.branches(tx, app.id))]
    for branch in [only.name] if only else names:
        given = await rows.in_effect(tx, app.id or 0, scope, branch)
        # Sealing makes four bytes of three; opening them all would take long in a transaction.
        total = sum(len(row.name) + len(row.ciphertext or b"") * 3 // 4 for row in given)
        if total > MOST:
            raise BadRequest(
                f"With these, the variables of {app.name} have about {total:,} bytes; {MOST:,} can be given to an app.",
                "Put long data into a file.",
            )


async def _refresh_sandboxes(
    parts: Parts, tx: AsyncSession, app: App, only: Branch | None, caller: Caller
) -> None:
    for branch in [only] if only else await apps.branches(tx, app.id):
        for deployment in await deployments.of_app(tx, app.id or 0, branch.id):
            # One that is just coming up may have read the old values already: it is looked at once it is ready.
            shown = deployment.id == branch.current_id and deployment.status == Status.ready
            if shown or deployment.status in UNFINISHED:
                await jobs.add(
                    tx, "refresh", f"deployment:{deployment.id}", {"deployment": deployment.id, "kind": "variables"},
                    by=caller.user, now=parts.clock(),
                )  # fmt: skip


async def _answer(parts: Parts, app_name: str, scope: str, branch: str | None) -> Variables:
    listed = await list_variables(parts, app_name, scope, branch)
    return listed.model_copy(update={"effect": _EFFECT[scope]})


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(
            f"{name[:60]!r} cannot be a variable's name.",
            "Use letters, digits, _ and dots, starting with a letter.",
        )
    if _RESERVED.match(name):
        raise BadRequest(f"{name} is set by the platform.", "Choose another name.")
    if len(value.encode()) > LONGEST:
        raise BadRequest(
            f"The value of {name} is longer than {LONGEST:,} bytes.", "Put long data into a file."
        )
    if "\0" in value:
        raise BadRequest(f"The value of {name} has a NUL character.", "Leave it out.")
