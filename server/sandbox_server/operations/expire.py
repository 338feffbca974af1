"""Expire: sandboxes that nobody needs any more are removed, after a notice; one word of anybody keeps them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.auth.callers import PLATFORM
from sandbox_server.domain.lifetime import KEPT, MAIN, Spans, due, has_jumped, may_go, remedy, removal_words
from sandbox_server.errors import SandboxError
from sandbox_server.operations.observe import people_on
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.remove import is_released, remove_branch
from sandbox_server.store import apps, deployments, events, instances, notices
from sandbox_server.store.tables import App, Branch
from sandbox_server.wire_sessions import BranchesGone, BranchesSeen, Gone, Kept

_FRESH = timedelta(days=1)
"""Whatever was pushed since then is in use, whatever a repository says."""
_UP_FOR = 3600.0
"""Seconds for which the server must have run before it removes anything: notices reach nobody while it is down."""


async def expire(parts: Parts) -> None:
    """One round: announce, remove what was announced long enough ago, and settle what is needed again."""
    now, spans = parts.clock(), spans_of(parts)
    await _begin_notices_anew_after_a_jump(parts, now)
    async with parts.store.read() as tx:
        candidates = await _candidates(parts, tx, now)
        open_ones = [row for row in await notices.open_ones(tx) if row.key.startswith("branch ")]
    for app, branch in candidates:
        if branch.warned_at is None and due(branch, spans, now):
            await _announce(parts, app, branch)
        elif may_go(branch, spans, now) and parts.ticks() - parts.up_since >= min(_UP_FOR, spans.notice):
            await _remove(parts, app, branch)
    warned = {(app.id, _key(branch.name)) for app, branch in candidates if due(branch, spans, now)}
    for notice in open_ones:
        if (notice.app_id, notice.key) not in warned:
            await _settle(parts, notice.app_id, notice.key)


async def branches_seen(parts: Parts, caller: Caller, app_name: str, seen: BranchesSeen) -> BranchesGone:
    """What a publisher's repository knows of the app's branches; those that it cannot judge are named as existing.

    Raises `NotFound`.
    """
    now = parts.clock()
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        found = await apps.branches(tx, app.id)
        if seen.branch in {branch.name for branch in found}:
            for branch in found:
                await _judge(parts, tx, app, branch, seen, caller, now)
    gone = [branch for branch in found if branch.gone_since is not None]
    return BranchesGone(
        gone=[Gone(branch=row.name, removal=removal_words(row, spans_of(parts), now)) for row in gone]
    )


async def keep(parts: Parts, caller: Caller, app_name: str, branch_name: str) -> Kept:
    """From now on it counts as touched, and as wanted even though its branch is gone. Raises `NotFound`."""
    now = parts.clock()
    async with parts.store.write() as tx:
        app = await apps.get(tx, app_name)
        branch = await apps.get_branch(tx, app, branch_name)
        branch.touched_at, branch.warned_at, branch.gone_since, branch.gone_why = now, None, None, KEPT
        tx.add(branch)
        await notices.settle(tx, app.id or 0, _key(branch.name), now)
        await events.record(
            tx, at=now, by=caller.user, action="sandbox.kept", app=app.name, subject=branch.name
        )
    span = parts.settings.untouched_after
    return Kept(
        app=app.name,
        branch=branch.name,
        until=now + timedelta(seconds=span + parts.settings.removal_notice) if span else None,
    )


def spans_of(parts: Parts) -> Spans:
    settings = parts.settings
    return Spans(settings.gone_after, settings.untouched_after, settings.removal_notice)


async def _begin_notices_anew_after_a_jump(parts: Parts, now: datetime) -> None:
    """If the clock was set forward, nobody has had the time that a notice promised."""
    before, parts.expired = parts.expired, (parts.ticks(), now)
    if before is None or not has_jumped(parts.ticks(), before[0], now, before[1]):
        return
    async with parts.store.write() as tx:
        for branch in await tx.exec(select(Branch).where(col(Branch.warned_at).is_not(None))):
            branch.warned_at = now
            tx.add(branch)


async def _candidates(parts: Parts, tx: AsyncSession, now: datetime) -> Sequence[tuple[App, Branch]]:
    long_ago = now - timedelta(seconds=parts.settings.untouched_after)
    touched = or_(col(Branch.touched_at) <= long_ago, col(Branch.touched_at).is_(None))
    query = (
        select(App, Branch)
        .join(Branch, col(Branch.app_id) == col(App.id))
        .where(col(App.removed_at).is_(None), col(Branch.removed_at).is_(None))
        .where(or_(col(Branch.gone_since).is_not(None), touched))
    )
    return list(await tx.exec(query))


async def _announce(parts: Parts, app: App, branch: Branch) -> None:
    now, spans = parts.clock(), spans_of(parts)
    async with parts.store.write() as tx:
        fresh = await tx.get_one(Branch, branch.id)
        if not due(fresh, spans, now) or await is_released(parts, tx, app, fresh):
            return
        fresh.warned_at = now
        tx.add(fresh)
        words = f"The sandbox of {branch.name} {removal_words(fresh, spans, now)}."
        hint = remedy(app.name, branch.name)
        await notices.open_notice(tx, app.id or 0, _key(branch.name), words, now, hint)


async def _remove(parts: Parts, app: App, branch: Branch) -> None:
    """Unless somebody is on it, or it was released meanwhile."""
    async with parts.store.read() as tx:
        own = {row.id for row in await deployments.of_app(tx, app.id or 0, branch.id)}
        live = [row for row in await instances.live(tx) if row.deployment_id in own]
        released = await is_released(parts, tx, app, branch)
    if released or (live and people_on(parts.observed, live) != 0):
        return
    try:
        await remove_branch(parts, PLATFORM, app.name, branch.name)
    except SandboxError:
        return  # the next round asks again
    await _settle(parts, app.id or 0, _key(branch.name))


async def _settle(parts: Parts, app_id: int, key: str) -> None:
    async with parts.store.write() as tx:
        await notices.settle(tx, app_id, key, parts.clock())


async def _judge(
    parts: Parts,
    tx: AsyncSession,
    app: App,
    branch: Branch,
    seen: BranchesSeen,
    caller: Caller,
    now: datetime,
) -> None:
    why = "merged" if branch.name in seen.merged else "" if branch.name in seen.existing else "deleted"
    if branch.name in (seen.branch, *MAIN) or branch.gone_why in (KEPT, why):
        return
    if why and (await _is_fresh(tx, branch, now) or await is_released(parts, tx, app, branch)):
        return
    branch.gone_since, branch.gone_why, branch.warned_at = (now if why else None), why, None
    tx.add(branch)
    await events.record(
        tx, at=now, by=caller.user, action="sandbox.gone" if why else "sandbox.back", app=app.name,
        subject=branch.name, reason=f"its branch was {why}" if why else "",
    )  # fmt: skip


async def _is_fresh(tx: AsyncSession, branch: Branch, now: datetime) -> bool:
    newest = await deployments.of_app(tx, branch.app_id, branch.id, limit=1)
    return bool(newest) and newest[0].created_at > now - _FRESH


def _key(branch: str) -> str:
    return f"branch {branch}"
