"""Watch: a new release is compared with the one before, and what is worse is taken back.

Everything follows from rows: killed at any line, the next look comes to the same end.
"""

import logging
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth.callers import PLATFORM
from sandbox_server.domain import canary as plans
from sandbox_server.domain.durations import in_words
from sandbox_server.domain.release import ALL, newest, rollback_target
from sandbox_server.domain.watching import DAY, GRACE
from sandbox_server.errors import NotPossible, SandboxError
from sandbox_server.operations import canary, edge, rollback
from sandbox_server.operations.evidence import Evidence, gather
from sandbox_server.operations.parts import Parts
from sandbox_server.store import deployments, jobs, notices, releases
from sandbox_server.store.failpoints import failpoint
from sandbox_server.store.tables import App, Release

log = logging.getLogger(__name__)

PATIENCE = 3
"""Times the length of a step after which the owner hears that it waits for sessions."""


async def judge(parts: Parts) -> None:
    """One look at all apps whose newest release is new or has a share only."""
    now = parts.clock()
    async with parts.store.read() as tx:
        looked_at = [row for row in await releases.newest(tx) if _may_be_watched(row, now - DAY - GRACE)]
    parts.steps.forget_all_but({row.id for row in looked_at})
    for row in looked_at:
        try:
            await _judge(parts, row.app_id)
        except SandboxError as error:
            log.warning("watch of app %s: %s", row.app_id, error.message)


def _may_be_watched(row: Release, young: datetime) -> bool:
    return 0 < row.share < ALL or (row.share == ALL and row.kind == "promote" and row.created_at > young)


async def _judge(parts: Parts, app_id: int) -> None:
    now = parts.clock()
    async with parts.store.read() as tx:
        seen = await gather(tx, await releases.of_app(tx, app_id), now)
    if seen is None:
        return
    if seen.watched.is_candidate:
        await _judge_candidate(parts, app_id, seen)
    elif seen.comparison.state == "worse" and seen.watched.until and now < seen.watched.until + GRACE:
        await _take_back(parts, app_id, seen)


async def _judge_candidate(parts: Parts, app_id: int, seen: Evidence) -> None:
    step_over = _step_is_over(parts, seen)
    if seen.comparison.state == "worse":
        await _row(parts, app_id, seen, plans.Wish(0))
    elif step_over:
        if seen.comparison.state == "fine":
            row = seen.watched.row
            await _row(parts, app_id, seen, plans.after(plans.stored(row.share, row.plan)))
        else:
            await _say_it_waits(parts, app_id, seen)


def _step_is_over(parts: Parts, seen: Evidence) -> bool:
    """Asked at every look, so that its time is known from the beginning: a clock that is set ends no step."""
    row, until = seen.watched.row, seen.watched.until
    return until is not None and parts.steps.is_over(
        row.id, until, parts.clock(), parts.ticks(), span=float(row.plan["seconds"])
    )


async def _row(parts: Parts, app_id: int, seen: Evidence, wish: plans.Wish) -> None:
    """The candidate's next share. Nothing, if somebody did something meanwhile; next time it is looked at anew."""
    async with parts.store.write() as tx:
        if not await _still_newest(tx, app_id, seen):
            return
        if wish.share and not (await _idle(tx, app_id) and await canary.is_up(tx, seen.watched.row)):
            return
        app, now = await tx.get_one(App, app_id), parts.clock()
        await canary.move_on(tx, app, wish, reason=seen.comparison.words, now=now)
        if not wish.share:
            await notices.open_notice(tx, app_id, notices.WATCH, _given_up(seen), now, _look(app, seen))
    failpoint("watch.decided")
    await edge.apply(parts)
    failpoint("watch.applied")


async def _say_it_waits(parts: Parts, app_id: int, seen: Evidence) -> None:
    row, now = seen.watched.row, parts.clock()
    seconds = float(row.plan.get("seconds", 0))
    if now < row.created_at + timedelta(seconds=PATIENCE * seconds):
        return
    text = (
        f"The candidate d{seen.deployment.number} waits with {row.share} % of the visitors.\n"
        f"{seen.comparison.words} Its step was to take {in_words(seconds)}."
    )
    async with parts.store.write() as tx:
        if await _still_newest(tx, app_id, seen):
            app = await tx.get_one(App, app_id)
            await notices.open_notice(tx, app_id, notices.WATCH, text, now, _raise(app, seen))


async def _take_back(parts: Parts, app_id: int, seen: Evidence) -> None:
    """The release before comes back, by the same switch as when somebody asks for it; or the owner is told only."""
    async with parts.store.write() as tx:
        if not await _still_newest(tx, app_id, seen) or not await _idle(tx, app_id):
            return
        app, made = await tx.get_one(App, app_id), await releases.of_app(tx, app_id)
        back = _target(made) if seen.config.on_trouble == "rollback" else None
        failed = await jobs.last(tx, f"app:{app_id}", "switch")
        if back is None or (failed and failed.payload.get("watched") == seen.watched.row.number):
            why = failed.error.get("message", "") if back and failed else ""
            await notices.open_notice(
                tx, app_id, notices.WATCH, _troubled(seen, why), parts.clock(), _by_hand(app, seen)
            )
            return
        number = (await deployments.by_id(tx, back.deployment_id)).number
        payload = {
            "seen": seen.watched.row.number, "reason": seen.comparison.words, "watched": seen.watched.row.number,
            "notice": {"key": notices.WATCH, "text": _rolled_back(seen, number), "hint": _look(app, seen)},
        }  # fmt: skip
        await rollback.ask(parts, tx, app, back, payload, by=PLATFORM.user, number=number)
    failpoint("watch.asked")


def _target(made: list[Release]) -> Release | None:
    try:
        return rollback_target(made)
    except NotPossible:
        return None


async def _still_newest(tx: AsyncSession, app_id: int, seen: Evidence) -> bool:
    last = newest(await releases.of_app(tx, app_id))
    return last is not None and last.number == seen.watched.row.number


async def _idle(tx: AsyncSession, app_id: int) -> bool:
    """Nobody asked for something else just now."""
    return not any(job.kind == "switch" for job in await jobs.open_jobs(tx, f"app:{app_id}"))


def _given_up(seen: Evidence) -> str:
    return (
        f"The candidate d{seen.deployment.number} was given up; all visitors get d{_before(seen)} again.\n"
        f"{seen.comparison.words}"
    )


def _rolled_back(seen: Evidence, number: int) -> str:
    return f"d{seen.deployment.number} was taken back; users get d{number} again.\n{seen.comparison.words}"


def _troubled(seen: Evidence, why: str) -> str:
    worse = f"d{seen.deployment.number} does worse than before.\n{seen.comparison.words}"
    return f"{worse} It could not be taken back: {why}" if why else worse


def _before(seen: Evidence) -> int:
    return seen.before.number if seen.before else 0


def _look(app: App, seen: Evidence) -> str:
    return f"Read its log: `sandbox logs d{seen.deployment.number} --app {app.name}`."


def _raise(app: App, seen: Evidence) -> str:
    share = seen.watched.row.share
    more = f" --percent {plans.larger(share)}" if plans.larger(share) > share else ""
    return f"Raise it by hand: `sandbox promote d{seen.deployment.number} --app {app.name}{more}`."


def _by_hand(app: App, seen: Evidence) -> str:
    return f"Take it back: `sandbox rollback --app {app.name}`." if seen.before else _look(app, seen)
