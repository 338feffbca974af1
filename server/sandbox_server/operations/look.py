"""Look: the platform visits each release itself, again and again, and tells the owner when users would meet trouble."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import config, names
from sandbox_server.domain.availability import patience
from sandbox_server.domain.edge import WAKER
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.kind import Kind
from sandbox_server.domain.sleeping import release_sleeps
from sandbox_server.operations import listen
from sandbox_server.operations.parts import Parts
from sandbox_server.store import deployments, figures, instances, notices, releases, visits
from sandbox_server.store.tables import App, Deployment, Release
from sandbox_server.store.tables_seen import Visit as VisitRow
from sandbox_server.visitor.base import Itinerary, Outcome, Visit

log = logging.getLogger(__name__)

KEY = "availability"
"""Of the notice."""
_PAUSE = 5.0
"""Most seconds between the visits of two releases that are due at the same time."""
_BLIND = 60.0
"""Seconds until a browser that could not be had is asked for again."""
_SETTLING = 60.0
"""Seconds after the server's start in which releases may still be coming up."""
_LONGEST = 2000
"""Characters of R's words in a notice."""


@dataclass(frozen=True)
class Stop:
    """A release that is due."""

    app: App
    release: Release


@dataclass(frozen=True)
class Found:
    """What a visit, if need be with its repetition, came to."""

    trouble: str
    """Empty if all is well."""
    seconds: float
    known: bool = True
    """False: there was no browser."""


async def look(parts: Parts) -> None:
    """Visit every release that nobody of ours has visited for a while: one after the other, longest unseen first."""
    every, began = parts.settings.visit_every, parts.ticks()
    if not every or parts.applied is None or began < parts.looking.not_before:
        return
    for stop in await _due(parts, every):
        start = parts.ticks()
        found = await _visit(parts, stop, every)
        if not found.known:
            parts.looking.not_before = parts.ticks() + _BLIND
            return
        # So that many that are due at once do not take the machine from users.
        await anyio.sleep(max(0.0, min(_PAUSE, (every / parts.looking.releases - parts.ticks() + start) / 2)))
    if parts.ticks() - began > every and not parts.looking.is_late:
        parts.looking.is_late = True
        log.warning(
            "visiting all releases took longer than the %g s between two visits of each; raise SANDBOX_VISIT_EVERY",
            every,
        )


async def _due(parts: Parts, every: float) -> list[Stop]:
    now = parts.clock()
    async with parts.store.read() as tx:
        last = await visits.last_times(tx)
        current = [(app, release) for app, release, _ in await releases.current(tx) if app.removed_at is None]
    awake = [(app, release) for app, release in current if not release_sleeps([release], app.asleep_since)]
    parts.looking.releases = max(1, len(awake))
    seen = [(_seen(release, last.get(app.id or 0), now), Stop(app, release)) for app, release in awake]
    due = [(at, stop) for at, stop in seen if at + timedelta(seconds=every) <= now]
    return [stop for _, stop in sorted(due, key=lambda pair: pair[0])]


def _seen(release: Release, visited: datetime | None, now: datetime) -> datetime:
    """When it was last looked at; promoting it was a look. A time yet to come is one of a clock that was put back."""
    times = [at for at in (release.created_at, visited) if at is not None and at <= now]
    return max(times, default=datetime.min.replace(tzinfo=now.tzinfo))


async def _visit(parts: Parts, stop: Stop, every: float) -> Found:
    began = parts.clock()
    async with parts.store.read() as tx:
        deployment = await deployments.by_id(tx, stop.release.deployment_id)
    found = await _look(parts, stop, deployment)
    if found.trouble:
        # One hiccup is none.
        await anyio.sleep(min(5.0, every / 60))
        found = await _look(parts, stop, deployment)
    if found.known:
        asks = found.trouble and Kind(deployment.kind).has_runner
        words = await _r_words(parts, stop.release, began) if asks else ""
        await _keep(parts, stop, found, words, began)
    return found


async def _look(parts: Parts, stop: Stop, deployment: Deployment) -> Found:
    smoke = config.stored(deployment.config).smoke
    host = names.release_host(stop.app.name, parts.settings.apps_domain)
    usual = float(stop.release.smoke.get("seconds") or 0)
    seen = await parts.visitor.visit(
        Itinerary(
            url=f"{parts.base_url(host)}/",
            expects=Kind(deployment.kind).serves,
            timeout=patience(smoke.timeout or parts.settings.smoke_timeout, usual),
            wait_for=smoke.wait_for,
        )
    )
    if seen.outcome is Outcome.no_browser:
        return Found("", 0, known=False)
    runs = parts.applied is None or parts.applied.routes.get(host) != WAKER
    return Found(_trouble(seen, stop.release, runs=runs), round(seen.seconds, 3))


def _trouble(seen: Visit, release: Release, *, runs: bool) -> str:
    """One sentence; what its visit before the release showed already is no news."""
    if seen.outcome is Outcome.failed:
        return seen.reason if runs else "It is not running."
    known = {error.get("output") for error in release.smoke.get("errors") or []}
    news = [error for error in seen.errors if error.output not in known]
    if not news:
        return ""
    more = f" {len(news) - 1} more outputs have errors." if len(news) > 1 else ""
    return f"Output {news[0].output} shows an error: {news[0].message[:300]}{more}"


async def _r_words(parts: Parts, release: Release, since: datetime) -> str:
    """What R said of our own visit. The log is for whoever may read it: users' words may stand there."""
    async with parts.store.read() as tx:
        rows = await instances.live(tx, release.deployment_id)
    for row in (row for row in rows if (row.scope, row.state) == (Scope.release, InstanceState.up)):
        if said := await listen.hear(parts, row):
            await listen.keep(parts, row, said)
    async with parts.store.read() as tx:
        met = await figures.faults(tx, [release.deployment_id], Scope.release)
    own = [f"{fault.place}: {fault.message}" for fault in met if fault.message and fault.last_at >= since]
    return "\n".join(own)[:_LONGEST]


async def _keep(parts: Parts, stop: Stop, found: Found, words: str, began: datetime) -> None:
    async with parts.store.write() as tx:
        app = await tx.get_one(App, stop.app.id)
        if not await _still(tx, app, stop.release):
            return
        row = VisitRow(
            app_id=stop.release.app_id, deployment_id=stop.release.deployment_id, release=stop.release.number,
            ok=not found.trouble, reason=found.trouble[:500], seconds=found.seconds, at=began,
        )  # fmt: skip
        await visits.add(tx, row)
        if not found.trouble:
            await notices.settle(tx, row.app_id, KEY, parts.clock())
        elif parts.ticks() - parts.up_since >= min(_SETTLING, parts.settings.visit_every):
            text, hint = await _said(tx, app, row, words)
            await notices.open_notice(tx, row.app_id, KEY, text, parts.clock(), hint)


async def _said(tx: AsyncSession, app: App, row: VisitRow, words: str) -> tuple[str, str]:
    """What the owner reads, and what to do about it."""
    number = (await deployments.by_id(tx, row.deployment_id)).number
    text = f"{app.name} does not work for its users: {row.reason}"
    read, back = f"sandbox logs d{number} --app {app.name}", f"sandbox rollback --app {app.name}"
    return f"{text}\n\n{words}".strip(), f"Read the log: `{read}`. Or take the release back: `{back}`."


async def _still(tx: AsyncSession, app: App, release: Release) -> bool:
    """What was seen while another release came, or it fell asleep, says nothing of what is there now."""
    current = {row.app_id: row for _, row, _ in await releases.current(tx)}.get(release.app_id)
    return (
        current is not None
        and current.id == release.id
        and app.removed_at is None
        and not release_sleeps([current], app.asleep_since)
    )
