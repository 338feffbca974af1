"""Sleep: what nobody uses gives its containers back. Its image and its output stay, and the first request wakes it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import config
from sandbox_server.domain.config import AppConfig
from sandbox_server.domain.instance import Scope
from sandbox_server.domain.sleeping import may_sleep, must_tell_use, release_may_sleep, release_sleeps
from sandbox_server.operations.observe import people_on
from sandbox_server.operations.parts import Observed, Parts
from sandbox_server.store import deployments, events, jobs, releases
from sandbox_server.store.tables import App, Branch, Deployment, Instance, Release
from sandbox_server.wire import Status

_TOUCHED_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Use:
    """What was seen of some instances in this round."""

    people: int | None
    """Connections, the platform's own left out; None: could not be read."""
    asked: bool
    """Requests came since the last look, or may have come before the server's start."""

    @property
    def now(self) -> bool:
        return bool(self.people) or self.asked


@dataclass(frozen=True)
class Napper:
    """An app whose release may sleep, and does not."""

    app: App
    release: Release
    after: float
    """Seconds."""


async def put_to_sleep(
    parts: Parts,
    ready: Sequence[Deployment],
    live: Sequence[Instance],
    busy: Collection[int],
    observed: Observed,
) -> None:
    """Whatever is `ready`, unused for long enough and not `busy` with a job; what is in use is remembered so."""
    rows_of = _by_place(live)
    counted, parts.requested = parts.requested, {}
    for deployment in ready:
        rows = rows_of[deployment.id or 0, Scope.sandbox]
        use = _look(parts, counted, f"d{deployment.id}", rows, observed)
        if deployment.id not in busy:
            await _consider(parts, deployment, use)
    for napper in await _nappers(parts):
        rows = [row for row in live if row.app_id == napper.app.id and row.scope == Scope.release]
        use = _look(parts, counted, napper.app.name, rows, observed)
        if not {row.deployment_id for row in rows}.intersection(busy):
            await _consider_release(parts, napper, use)


def sleep_after(parts: Parts, wanted: AppConfig) -> float:
    """Seconds without use after which such an app's sandboxes sleep."""
    return parts.settings.sleep_after if wanted.sleep.after is None else wanted.sleep.after


def _by_place(live: Sequence[Instance]) -> dict[tuple[int, str], list[Instance]]:
    found: dict[tuple[int, str], list[Instance]] = defaultdict(list)
    for row in live:
        found[row.deployment_id, row.scope].append(row)
    return found


def _look(
    parts: Parts, counted: dict[str, int], key: str, rows: Sequence[Instance], observed: Observed
) -> Use:
    slots = {f"slot{row.slot}" for row in rows}
    count = sum(parts.measured.requests.get(slot, (0, 0))[0] for slot in slots)
    before = counted.get(key, 0)
    parts.requested[key] = count
    return Use(people_on(observed, rows), asked=count != before)


async def _consider(parts: Parts, deployment: Deployment, use: Use) -> None:
    now, wanted = parts.clock(), config.stored(deployment.config)
    after = sleep_after(parts, wanted)
    if use.now and must_tell_use(deployment.used_at, after, now):
        await _remember(parts, deployment, now)
    drain = parts.settings.drain_deadline if wanted.drain is None else wanted.drain
    if may_sleep(
        ready_at=deployment.ready_at,
        replaced_at=deployment.replaced_at,
        used_at=now if use.now else deployment.used_at,
        sessions=use.people,
        sleep_after=after,
        settle=parts.settings.settle,
        drain_deadline=None if drain == "never" else drain,
        now=now,
    ):
        await _fall_asleep(parts, deployment, now)


async def _remember(parts: Parts, deployment: Deployment, now: datetime) -> None:
    async with parts.store.write() as tx:
        await deployments.note(tx, deployment.id or 0, used_at=now)
        branch = await tx.get_one(Branch, deployment.branch_id)
        if branch.touched_at is None or not now - _TOUCHED_EVERY < branch.touched_at <= now:
            branch.touched_at, branch.warned_at = now, None
            tx.add(branch)


async def _fall_asleep(parts: Parts, deployment: Deployment, now: datetime) -> None:
    async with parts.store.write() as tx:
        app = await tx.get_one(App, deployment.app_id)
        fresh = await deployments.by_id(tx, deployment.id or 0)
        if fresh.status == Status.ready:
            await deployments.move(
                tx, fresh, Status.asleep, at=now, by="platform", app=app.name, reason="nobody uses it"
            )


async def _consider_release(parts: Parts, napper: Napper, use: Use) -> None:
    now = parts.clock()
    if use.now and must_tell_use(napper.app.used_at, napper.after, now):
        async with parts.store.write() as tx:
            app = await tx.get_one(App, napper.app.id)
            app.used_at = now
            tx.add(app)
    if not use.now and _is_over(parts, napper, napper.app, napper.release.created_at, use, now):
        await _release_falls_asleep(parts, napper, use, now)


def _is_over(parts: Parts, napper: Napper, app: App, made_at: datetime, use: Use, now: datetime) -> bool:
    return release_may_sleep(
        made_at=made_at,
        used_at=app.used_at,
        sessions=use.people,
        sleep_after=max(napper.after, parts.settings.settle),
        now=now,
    )


async def _release_falls_asleep(parts: Parts, napper: Napper, use: Use, now: datetime) -> None:
    async with parts.store.write() as tx:
        app = await tx.get_one(App, napper.app.id)
        # Looked at again: a promote may have come in between, or be on its way.
        made_at = (await releases.of_app(tx, app.id or 0))[0].created_at
        switches = any(job.kind == "switch" for job in await jobs.open_jobs(tx, f"app:{app.id}"))
        if switches or not _is_over(parts, napper, app, made_at, use, now):
            return
        app.asleep_since = now
        tx.add(app)
        await events.record(
            tx, at=now, by="platform", action="release.asleep", app=app.name,
            subject=f"release {napper.release.number}", reason="nobody uses it",
        )  # fmt: skip


async def _nappers(parts: Parts) -> list[Napper]:
    """Read again only if something was written since."""
    commits = parts.store.commits
    if parts.nappers is None or parts.nappers[0] != commits:
        async with parts.store.read() as tx:
            parts.nappers = (commits, await _nappers_in(parts, tx))
    nappers: list[Napper] = parts.nappers[1]
    return nappers


async def _nappers_in(parts: Parts, tx: AsyncSession) -> list[Napper]:
    found = []
    for app, release, said in await releases.current(tx):
        wanted = config.stored(said) if said.get("sleep", {}).get("release") else None
        if wanted is not None and not release_sleeps([release], app.asleep_since):
            found.append(Napper(app, release, sleep_after(parts, wanted)))
    return found
