"""Pass the gates: when a release is asked for, and again in the transaction that makes it.

Between the two an instance starts and is visited; whoever rejects the deployment meanwhile is heard.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain.gate_words import listed
from sandbox_server.domain.reading import mark
from sandbox_server.domain.telling import one_line
from sandbox_server.errors import BadRequest, Forbidden, GateClosed, StateChanged
from sandbox_server.operations import gates
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.preview import unreviewed
from sandbox_server.store import events
from sandbox_server.store.tables import App, Deployment, Release
from sandbox_server.wire import ReleaseRequest, Smoke
from sandbox_server.wire_review import Missing

_SHORT = {
    "reviews": "reviews are missing",
    "rejected": "it was rejected",
    "checks": "a check has not passed",
    "freeze": "releases rest now",
    "max_commits": "it brings more commits than are allowed",
}


def check_override(caller: Caller, app: str, request: ReleaseRequest) -> None:
    """Raises `Forbidden` or `BadRequest`."""
    if not request.override:
        return
    if not caller.admin:
        raise Forbidden(
            "Only administrators may release what gates hold back.",
            f"See what is missing, and get it: `sandbox gates d{request.deployment} --app {app}`. "
            "Or ask an administrator.",
        )
    if not one_line(request.reason):
        raise BadRequest(
            "Whoever overrides the gates says why.", 'Add `--reason "…"`; it stays in the history.'
        )


async def ask(
    tx: AsyncSession, parts: Parts, app: App, deployment: Deployment, request: ReleaseRequest
) -> list[str] | None:
    """Kinds of gates that are overridden knowingly; None if nobody asked to override.

    Raises `GateClosed`, and `StateChanged` if the person had read something else.
    """
    missing = await gates.check(tx, parts, app, deployment)
    if missing and not request.override:
        raise await _closed(tx, parts, app, deployment, missing, flags=flags(request))
    if request.read:
        await _check_read(tx, parts, app, deployment, request.read, missing)
    return [one.gate for one in missing] if request.override else None


def flags(request: ReleaseRequest) -> str:
    """How commands say who gets it, with a space before each; empty: everybody at once."""
    percent = f" --percent {request.percent}" if request.percent is not None else ""
    canary = f' --canary "{request.canary}"' if request.canary else ""
    return f"{percent}{canary}{' --replace' if request.replace else ''}"


async def at_switch(
    tx: AsyncSession,
    parts: Parts,
    app: App,
    deployment: Deployment,
    overridden: Sequence[str] | None,
    smoke: dict[str, Any],
    flags: str = "",
) -> list[str]:
    """What is missing and was overridden, in words. `smoke` is what the visit with the release's variables saw, `flags`
    how commands say who gets it.

    Raises `GateClosed`; also for a rejection that came after somebody had asked to override.
    """
    seen = Smoke.model_validate(smoke) if smoke else None
    missing = await gates.check(tx, parts, app, deployment, seen)
    rejected = any(one.gate == "rejected" for one in missing)
    if missing and (overridden is None or (rejected and "rejected" not in overridden)):
        raise await _closed(tx, parts, app, deployment, missing, flags=flags, meanwhile=True)
    return [one.message for one in missing]


async def tell_override(tx: AsyncSession, parts: Parts, app: App, release: Release) -> None:
    """In the transaction of the release. Nothing, if all gates were open."""
    if release.override:
        await events.record(
            tx, at=parts.clock(), by=release.by, action="release.overridden", app=app.name,
            subject=f"release {release.number}", new=" ".join(release.override), reason=release.reason,
        )  # fmt: skip


async def _check_read(
    tx: AsyncSession, parts: Parts, app: App, deployment: Deployment, read: str, missing: Sequence[Missing]
) -> None:
    proposal = await gates.proposed_changes(tx, deployment)
    if mark(missing, proposal, await unreviewed(tx, parts, deployment)) != read:
        which = f"d{deployment.number} --app {app.name}"
        raise StateChanged(
            f"What decides about d{deployment.number} changed after you read it; nothing was released.",
            f"Read it again, then decide: `sandbox gates {which}`, `sandbox diff d{deployment.number}`.",
        )


async def _closed(
    tx: AsyncSession,
    parts: Parts,
    app: App,
    deployment: Deployment,
    missing: Sequence[Missing],
    *,
    flags: str,
    meanwhile: bool = False,
) -> GateClosed:
    which = f"d{deployment.number} --app {app.name}"
    short = listed([*dict.fromkeys(_SHORT[one.gate] for one in missing)])
    lines = [line for one in missing for line in (f"- {one.message}", f"  {one.hint}")]
    if changed := await unreviewed(tx, parts, deployment):
        lines.append(f"Not reviewed: {listed(changed)}, changed for users since the review or the push.")
    lines.append(
        "Administrators may release it all the same: "
        f'`sandbox promote {which}{flags} --override --reason "…"`.'
    )
    now = "was not released; nothing has changed" if meanwhile else "cannot be released now"
    return GateClosed(
        f"d{deployment.number} {now}: {short}.",
        f"See what is met and what is missing: `sandbox gates {which}`.",
        "\n".join(lines),
    )
