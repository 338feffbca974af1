"""Metrics: the figures for Prometheus. Counters come from the database: a restart of the server does not lower them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.exposition import Family, text
from sandbox_server.domain.figures import EDGES, Counts
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.release import serving
from sandbox_server.operations.measure import memory
from sandbox_server.operations.observe import people_on
from sandbox_server.operations.parts import Parts
from sandbox_server.store import figures, instances, releases, visits
from sandbox_server.store.tables import App, Deployment, Instance

_RECENT = timedelta(hours=1)
"""What was measured since then is told, so that the last counts of what ended are not missed."""
_VISITS_COUNT_FOR = 3
"""Times the seconds between two visits."""

_COUNTERS = (
    ("sessions_started", "started", "Sessions that began."),
    ("sessions_failed", "failed", "Sessions that met at least one R error."),
    ("session_errors", "errors", "R errors in outputs and observers."),
    ("instance_crashes", "crashes", "Instances that ended by themselves."),
    ("busy_seconds", "busy", "Seconds in which R computed, over all instances."),
    ("requests", "requests", "HTTP requests."),
    ("refused", "refused", "HTTP requests that were answered with 500 or above."),
)


@dataclass(frozen=True)
class _Place:
    """One deployment in one scope."""

    app: str
    deployment: int
    scope: str
    released: bool
    counts: Counts
    live: Sequence[Instance]

    @property
    def labels(self) -> dict[str, str]:
        return {
            "app": self.app,
            "deployment": f"d{self.deployment}",
            "scope": self.scope,
            "released": "true" if self.released else "false",
        }


async def metrics(parts: Parts) -> str:
    """In Prometheus's text format: of all that runs, is released, or was in use in the last hour."""
    async with parts.store.read() as tx:
        places = await _places(parts, tx)
        seen = await _visits(parts, tx)
    return text([*_counters(places), _first_flush(places), *_gauges(parts, places), *seen])


async def _places(parts: Parts, tx: AsyncSession) -> list[_Place]:
    live = await instances.live(tx)
    made = await releases.all_releases(tx)
    released = {release.deployment_id for of_app in made.values() for release in serving(of_app)}
    recent = await figures.measured_since(tx, parts.clock() - _RECENT)
    told = {row.deployment_id for row in live} | released | recent
    counted = await figures.ever(tx, told)
    keys = counted.keys() | {(row.deployment_id, row.scope) for row in live}
    keys |= {(one, Scope.release.value) for one in released}
    names = await _names(tx, told)
    return [
        _Place(
            app=names[deployment][0],
            deployment=names[deployment][1],
            scope=scope,
            released=scope == Scope.release and deployment in released,
            counts=counted.get((deployment, scope), Counts()),
            live=[row for row in live if (row.deployment_id, row.scope) == (deployment, scope)],
        )
        for deployment, scope in sorted(keys)
    ]


async def _names(tx: AsyncSession, wanted: set[int]) -> dict[int, tuple[str, int]]:
    query = select(Deployment.id, App.name, Deployment.number).join(App, col(App.id) == Deployment.app_id)
    rows = await tx.exec(query.where(col(Deployment.id).in_(wanted)))
    return {row_id: (name, number) for row_id, name, number in rows if row_id is not None}


async def _visits(parts: Parts, tx: AsyncSession) -> list[Family]:
    """The platform's own last look at each release, unless that was long ago."""
    up = Family(
        "sandbox_release_up", "gauge", "1 if a real session came up at the platform's last visit, else 0."
    )
    took = Family("sandbox_release_visit_seconds", "gauge", "How long that visit took.")
    after = parts.clock() - timedelta(seconds=_VISITS_COUNT_FOR * parts.settings.visit_every)
    latest = await visits.latest(tx, after)
    names = await _names(tx, {visit.deployment_id for visit in latest})
    for visit in sorted(latest, key=lambda visit: visit.app_id):
        app, number = names[visit.deployment_id]
        labels = {"app": app, "deployment": f"d{number}"}
        up.add(labels, int(visit.ok))
        took.add(labels, round(visit.seconds, 3))
    return [up, took]


def _counters(places: Sequence[_Place]) -> list[Family]:
    found = []
    for name, attribute, meaning in _COUNTERS:
        family = Family(f"sandbox_{name}_total", "counter", meaning)
        for place in places:
            family.add(place.labels, getattr(place.counts, attribute))
        found.append(family)
    return found


def _first_flush(places: Sequence[_Place]) -> Family:
    family = Family(
        "sandbox_first_flush_seconds", "histogram", "Time from a session's start to its first flush."
    )
    for place in places:
        family.observe(place.labels, EDGES, place.counts.flushes, place.counts.waited)
    return family


def _gauges(parts: Parts, places: Sequence[_Place]) -> list[Family]:
    running = Family("sandbox_instances", "gauge", "Instances that hold a place.")
    open_now = Family("sandbox_sessions", "gauge", "Sessions that are open now.")
    draining = Family("sandbox_draining_sessions", "gauge", "Of these, sessions on instances that drain.")
    used = Family("sandbox_memory_bytes", "gauge", "Memory of all instances.")
    for place in places:
        running.add(place.labels, len(place.live))
        used.add(place.labels, memory(parts, place.live))
        leaving = [row for row in place.live if row.state == InstanceState.draining]
        for family, rows in ((open_now, place.live), (draining, leaving)):
            people = people_on(parts.observed, rows)
            if people is not None:  # what cannot be read is no zero
                family.add(place.labels, people)
    return [running, open_now, draining, used]
