"""Gates: what an app demands before users get a deployment, and whether it is there."""

import json
from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain import config
from sandbox_server.domain import gates as rules
from sandbox_server.domain.batch import count_commits
from sandbox_server.domain.comment import plain
from sandbox_server.domain.gate_words import changes, unsure, words, written
from sandbox_server.domain.gates import GatesConfig
from sandbox_server.domain.gating import Case, Judgement, judge
from sandbox_server.domain.release import in_force
from sandbox_server.domain.reviewers import Signed, weigh
from sandbox_server.domain.telling import one_line
from sandbox_server.errors import BadConfig, BadRequest, Forbidden
from sandbox_server.operations.heard import signed
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, events, releases, users, verdicts
from sandbox_server.store import gates as rows
from sandbox_server.store.tables import App, Branch, Deployment
from sandbox_server.store.tables_review import Gate
from sandbox_server.wire import Smoke
from sandbox_server.wire_review import GateReport, Gates, GatesRequest, Missing


async def gates_of(parts: Parts, app_name: str) -> Gates:
    """What is in force. Raises `NotFound`."""
    async with parts.store.read() as tx:
        return await _shown(tx, await apps.get(tx, app_name))


async def set_gates(parts: Parts, caller: Caller, app_name: str, request: GatesRequest) -> Gates:
    """From now on this is in force, whatever bundles proposed. Raises `Forbidden`, `BadConfig`, `NotFound`."""
    if not caller.admin:
        raise Forbidden(
            "Only administrators set gates at once.",
            "Propose them in sandbox.toml, in the table `[gates]`: they hold once that bundle is released.",
        )
    reason = plain(request.reason)
    if not one_line(reason):
        raise BadRequest("Say why the gates change.", 'Add `--reason "…"`.')
    _check_size(request)
    wanted, now = rules.parse(request.gates), parts.clock()
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        assert app.id is not None
        before = await rows.newest(tx, app.id)
        if before is None or rules.stored(before.gates) != wanted:
            old = rules.stored(before.gates) if before else GatesConfig()
            await rows.add(tx, app.id, wanted, by=caller.user, now=now, reason=reason)
            await events.record(
                tx, at=now, by=caller.user, action="gates.set", app=app.name, subject="gates",
                new=", ".join(changes(old, wanted)), reason=reason,
            )  # fmt: skip
        return await _shown(tx, app)


async def report(parts: Parts, caller: Caller, app_name: str, number: int) -> GateReport:
    """Whether this deployment may be released now, and how its release would change the gates. Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        deployment = await deployments.get(tx, app, number)
        found = await _judge(tx, parts, app, deployment)
        proposal = await proposed_changes(tx, deployment)
        notes = await _notes(tx, deployment.app_id, [deployment.author])
    return GateReport(
        app=app.name,
        deployment=number,
        open=not found.missing,
        missing=found.missing,
        met=found.met,
        proposal=proposal,
        may_override=caller.admin,
        notes=notes,
    )


async def check(
    tx: AsyncSession, parts: Parts, app: App, deployment: Deployment, smoke: Smoke | None = None
) -> list[Missing]:
    """What is missing before this deployment may be released; empty: all gates are open.

    `smoke` is what the visit with the release's variables saw, if there was one.
    """
    return (await _judge(tx, parts, app, deployment, smoke)).missing


async def accepted(tx: AsyncSession, parts: Parts, deployment: Deployment) -> list[Signed]:
    """The verdicts that count now and accept this deployment, one of each person."""
    assert deployment.id is not None
    demanded, given = await rows.in_force(tx, deployment.app_id), await _signed_on(tx, deployment.id)
    image, mails = deployment.image or "", await users.mails(tx)
    return weigh(demanded, given, image, deployment.author, mails, parts.clock()).accepted


async def not_known_authors(tx: AsyncSession, app_id: int) -> list[str]:
    """What cannot be seen of the app's reviews, in words: users without an address have pushed. Empty: nothing."""
    return await _notes(tx, app_id, await deployments.authors(tx, app_id))


async def proposed_changes(tx: AsyncSession, deployment: Deployment) -> list[str]:
    """What the release of this bundle would change in the gates; empty: nothing."""
    wanted = config.stored(deployment.config).gates
    return changes(await rows.in_force(tx, deployment.app_id), wanted) if wanted is not None else []


def _check_size(request: GatesRequest) -> None:
    """Whoever asks for a release reads them. Raises `BadConfig` for more than a bundle could propose."""
    size = len(json.dumps(request.gates, ensure_ascii=False))
    if size > config.LARGEST:
        raise BadConfig(
            f"The gates have {size:,} characters; {config.LARGEST:,} are allowed.", "Name fewer people."
        )


async def _judge(
    tx: AsyncSession, parts: Parts, app: App, deployment: Deployment, smoke: Smoke | None = None
) -> Judgement:
    assert app.id is not None
    row = await rows.newest(tx, app.id)
    if row is None:
        return Judgement()
    case = await _case(tx, app, row, deployment, smoke)
    return judge(rules.stored(row.gates), case, parts.clock())


async def _case(tx: AsyncSession, app: App, row: Gate, deployment: Deployment, smoke: Smoke | None) -> Case:
    assert deployment.id is not None
    branch = await tx.get_one(Branch, deployment.branch_id)
    base = await _base(tx, deployment)
    return Case(
        app=app.name,
        number=deployment.number,
        branch=branch.name,
        shown=await _shown_number(tx, branch),
        image=deployment.image or "",
        author=deployment.author,
        smoke=Smoke.model_validate(deployment.smoke),
        release_smoke=smoke,
        base=base.number if base else None,
        commits=count_commits(base.commits if base else None, deployment.commits),
        zone=await _zone(tx, row, base),
        signed=await _signed_on(tx, deployment.id),
        mails=await users.mails(tx),
    )


async def _base(tx: AsyncSession, deployment: Deployment) -> Deployment | None:
    current = in_force(await releases.of_app(tx, deployment.app_id))
    return await deployments.by_id(tx, current.deployment_id) if current else None


async def _shown_number(tx: AsyncSession, branch: Branch) -> int:
    if branch.current_id is None or branch.removed_at is not None:
        return 0
    return (await deployments.by_id(tx, branch.current_id)).number


async def _zone(tx: AsyncSession, row: Gate, base: Deployment | None) -> str:
    """Of what users have, or of what proposed the gates: a branch cannot move the clock for itself. Empty: UTC."""
    of = base
    if of is None and row.deployment_id is not None:
        of = await deployments.by_id(tx, row.deployment_id)
    return config.stored(of.config).timezone if of else ""


async def _signed_on(tx: AsyncSession, deployment_id: int) -> list[Signed]:
    return await signed(tx, await verdicts.of_deployment(tx, deployment_id))


async def _notes(tx: AsyncSession, app_id: int, authors: Sequence[str]) -> list[str]:
    return unsure(await rows.in_force(tx, app_id), authors, await users.mails(tx))


async def _shown(tx: AsyncSession, app: App) -> Gates:
    assert app.id is not None
    row = await rows.newest(tx, app.id)
    if row is None:
        return Gates(app=app.name, gates={}, words=[], since=None, by="", why="nothing was ever demanded")
    gates = rules.stored(row.gates)
    return Gates(
        app=app.name,
        gates=written(gates),
        words=words(gates),
        since=row.created_at,
        by=row.by,
        why=await _why(tx, row),
        notes=await not_known_authors(tx, app.id),
    )


async def _why(tx: AsyncSession, row: Gate) -> str:
    if row.deployment_id is None:
        return f"set by {row.by}: {row.reason}"
    number = (await deployments.by_id(tx, row.deployment_id)).number
    if row.release is None:
        return f"the first proposal, of d{number}"
    return f"adopted with release {row.release}, of d{number}"
