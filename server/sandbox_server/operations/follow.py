"""Follow: how a new release does, beside the one before, for those who look."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth.callers import PLATFORM
from sandbox_server.domain import canary
from sandbox_server.domain.durations import in_words
from sandbox_server.domain.figures import Counts
from sandbox_server.domain.instance import Scope
from sandbox_server.domain.release import ALL, newest
from sandbox_server.domain.watching import DAY, GRACE
from sandbox_server.operations.bell import wait as wait_for
from sandbox_server.operations.evidence import Evidence, gather
from sandbox_server.operations.observe import people_on
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, instances, notices, releases
from sandbox_server.store.tables import App, Deployment, Instance, Release
from sandbox_server.wire_sessions import Side, Watch


@dataclass(frozen=True)
class _Look:
    """One app's rows, in one look."""

    app: App
    made: Sequence[Release]
    live: Sequence[Instance]
    seen: Evidence | None
    """Of what is watched, or was until it was taken back."""
    trouble: str
    """The open notice, if there is one."""


async def show(parts: Parts, app: str, seen: int | None = None, wait: float = 0) -> Watch:
    """With `seen`, waits up to `wait` seconds until its version is another one. Raises `NotFound`."""
    deadline = parts.monotonic() + wait
    while True:
        heard = parts.bell.listen()
        watch = _numbered(await _show(parts, app))
        left = deadline - parts.monotonic()
        if watch.version != seen or left <= 0:
            return watch
        await wait_for(heard, min(left, 2))


def _numbered(watch: Watch) -> Watch:
    watch.version = zlib.crc32(watch.model_dump_json().encode()) & 0x7FFFFFFF
    return watch


async def _show(parts: Parts, app_name: str) -> Watch:
    async with parts.store.read() as tx:
        look = await _look(parts, tx, await apps.get(tx, app_name))
        last = newest(look.made)
        deployment = await deployments.by_id(tx, last.deployment_id) if last else None
    if last is None or deployment is None:
        return Watch(app=app_name, state="none", words="Nothing is released yet.")
    watch = (
        _ended(look, last, deployment) if _is_taken_back(last) else _current(parts, look, last, deployment)
    )
    if look.seen and watch.state != "none":
        watch.newer = _side(parts, look, look.seen.watched.row, look.seen.deployment, look.seen.newer)
        if look.seen.watched.base and look.seen.before and look.seen.older:
            watch.older = _side(parts, look, look.seen.watched.base, look.seen.before, look.seen.older.counts)
    return watch


async def _look(parts: Parts, tx: AsyncSession, app: App) -> _Look:
    made = await releases.of_app(tx, app.id or 0)
    last = newest(made)
    now = parts.clock()
    if last is not None and _is_taken_back(last):
        seen = await gather(tx, [row for row in made if row.number < last.number], last.created_at)
    else:
        seen = await gather(tx, made, now)
    opened = [notice for notice in await notices.open_ones(tx, app.id) if notice.key == notices.WATCH]
    live = [row for row in await instances.live(tx) if row.app_id == app.id and row.scope == Scope.release]
    return _Look(app, made, live, seen, " ".join(opened[0].text.split()) if opened else "")


def _is_taken_back(last: Release) -> bool:
    return last.share == 0 or (last.kind == "rollback" and last.by == PLATFORM.user)


def _ended(look: _Look, last: Release, deployment: Deployment) -> Watch:
    if last.share == 0:
        gone = f"The candidate d{deployment.number} was given up"
        by = "." if last.by == PLATFORM.user else f" by {last.by}" + (":" if last.reason else ".")
        words = f"{gone}{by} {last.reason}".strip()
        return Watch(app=look.app.name, state="aborted", words=words, share=0, since=last.created_at)
    left = f"d{look.seen.deployment.number}" if look.seen else "The release before"
    words = f"{left} was taken back; users get d{deployment.number} again. {last.reason}"
    return Watch(app=look.app.name, state="rolled_back", words=words, since=last.created_at)


def _current(parts: Parts, look: _Look, last: Release, deployment: Deployment) -> Watch:
    seen, now = look.seen, parts.clock()
    number = f"d{deployment.number}"
    if seen is None or (seen.watched.until and now > seen.watched.until + DAY):
        return Watch(
            app=look.app.name,
            state="none",
            words=f"Nothing is watched. Users get {number} (release {last.number}).",
        )
    watch = Watch(
        app=look.app.name, state="watching", words=seen.comparison.words, share=last.share, since=last.created_at,
        until=seen.watched.until,
    )  # fmt: skip
    if last.share < ALL:
        plan = canary.stored(last.share, last.plan)
        watch.state = "canary"
        watch.steps = [(step.percent, step.seconds) for step in plan.steps]
        if seen.watched.ended(now) and seen.comparison.state == "few":
            watch.words += f" It waits with {last.share} % until there are enough."
    elif look.trouble or (seen.comparison.state == "worse" and seen.watched.ended(now - GRACE)):
        watch.state, watch.words = "troubled", look.trouble or seen.comparison.words
    elif seen.watched.ended(now) and seen.comparison.state != "worse":
        span = in_words((seen.watched.until - last.created_at).total_seconds()) if seen.watched.until else ""
        watch.state, watch.words = "passed", f"{number} was watched for {span}. {seen.comparison.words}"
    return watch


def _side(parts: Parts, look: _Look, row: Release, deployment: Deployment, counts: Counts) -> Side:
    own = [
        one for one in look.live if (one.deployment_id, one.spec_hash) == (row.deployment_id, row.spec_hash)
    ]
    return Side(
        deployment=deployment.number, release=row.number, sessions=counts.started,
        failed=min(counts.failed, counts.started), errors=counts.errors, p95=counts.quantile(0.95),
        crashes=counts.crashes, open=people_on(parts.observed, own),
    )  # fmt: skip
