"""What the database intends, in one look, for those who make it so."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import config
from sandbox_server.domain.config import AppConfig
from sandbox_server.domain.deployment import UNFINISHED
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.keeping import Run, wanted_runs
from sandbox_server.domain.kind import Kind
from sandbox_server.domain.release import ALL
from sandbox_server.domain.running import Numbers, numbers
from sandbox_server.operations.parts import Parts
from sandbox_server.store import deployments, instances, jobs, releases
from sandbox_server.store.tables import Branch, Deployment, Instance, Job, Release
from sandbox_server.wire import Status

_BRINGING = {"deploy", "wake", "refresh", "switch"}
"""Kinds of jobs after which an instance is up."""
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
"""A time at which whatever will ever be kept is."""


@dataclass(frozen=True)
class Rows:
    live: Sequence[Instance]
    """Oldest first."""
    ready: Sequence[Deployment]
    unfinished: Sequence[Deployment]
    releases: dict[int, list[Release]]
    """By app, those of apps whose release sleeps left out."""
    jobs: Sequence[Job]
    deployments: dict[int, Deployment]
    """By id, all that is named above."""
    withdrawn: set[tuple[int, str]]
    """Kept releases that somebody ended, as deployment and spec hash."""
    shown: set[int | None]
    """Deployments that the branches of what runs show."""
    _configs: dict[int, AppConfig] = field(default_factory=dict)

    @property
    def busy(self) -> set[int]:
        """Deployments that a job takes care of."""
        return {
            job.payload["deployment"]
            for job in self.jobs
            if "deployment" in job.payload and "instance" not in job.payload
        }

    @property
    def begun(self) -> set[int]:
        """Instances that a job starts."""
        return {job.payload["instance"] for job in self.jobs if "instance" in job.payload}

    def has_runner(self, row: Instance) -> bool:
        """Is there something in it that answers questions and shows notices?"""
        return Kind(self.deployments[row.deployment_id].kind).has_runner

    def brings(self, run: Run) -> bool:
        """Whether a job, maybe one that still waits for its place, brings the first instance of this run."""
        return any(job.payload.get("deployment") == run.deployment and _suits(job, run) for job in self.jobs)

    def config(self, deployment_id: int) -> AppConfig:
        if deployment_id not in self._configs:
            self._configs[deployment_id] = config.stored(self.deployments[deployment_id].config)
        return self._configs[deployment_id]

    def numbers(self, run: Run) -> Numbers:
        """How many instances this run may have."""
        said = numbers(config.instances(self.config(run.deployment), run.scope))
        return Numbers(1, 1, said.each, waits=False) if run.spare else said

    def runs(self, keep_previous: float, now: datetime) -> set[Run]:
        ready = [deployment.id for deployment in self.ready if deployment.id is not None]
        return wanted_runs(ready, self.releases, keep_previous, now, self.withdrawn)

    def of(self, run: Run) -> list[Instance]:
        """Live instances that do for this run, oldest first.

        In the sandbox scope only the newest spec on which a session came up does, once there is one.
        """
        alike = self._alike.get((run.deployment, run.scope), [])
        wanted = run.spec_hash
        if not wanted:
            visited = [row for row in alike if row.visited and row.state == InstanceState.up]
            wanted = visited[-1].spec_hash if visited else ""
        return [row for row in alike if wanted in ("", row.spec_hash)]

    @cached_property
    def _alike(self) -> dict[tuple[int, str], list[Instance]]:
        found: dict[tuple[int, str], list[Instance]] = {}
        for row in self.live:
            found.setdefault((row.deployment_id, row.scope), []).append(row)
        return found


async def rows(parts: Parts) -> Rows:
    """Read again only if something was written since: most rounds find nothing to do."""
    commits = parts.store.commits
    if parts.looked is not None and parts.looked[0] == commits:
        known: Rows = parts.looked[1]
        return known
    async with parts.store.read() as tx:
        found = await rows_in(tx)
    # Not read back from there: another round may have begun anew meanwhile.
    parts.looked = (commits, found)
    return found


async def rows_in(tx: AsyncSession) -> Rows:
    live, made = await instances.live(tx), await releases.awake(tx)
    ready = await deployments.in_states(tx, {Status.ready})
    released = wanted_runs([], made, 0, _BEFORE_ALL)
    ids = {row.deployment_id for row in live} | {run.deployment for run in released}
    return Rows(
        live=live,
        ready=ready,
        unfinished=await deployments.in_states(tx, UNFINISHED),
        releases=made,
        jobs=await jobs.open_jobs(tx),
        deployments={row.id or 0: row for row in [*ready, *await _by_ids(tx, ids)]},
        withdrawn=await instances.withdrawn(tx, {run.deployment for run in released}),
        shown=await _shown(tx, {row.deployment_id for row in live}),
    )


async def _shown(tx: AsyncSession, ids: Collection[int]) -> set[int | None]:
    branches = select(Deployment.branch_id).where(col(Deployment.id).in_(ids))
    return set(await tx.exec(select(Branch.current_id).where(col(Branch.id).in_(branches))))


def _suits(job: Job, run: Run) -> bool:
    if "instance" in job.payload or job.payload.get("share", ALL) == 0:
        return False
    scope = Scope.release if job.kind == "switch" else job.payload.get("scope", Scope.sandbox)
    at = job.payload.get("variables_at", run.variables_at)
    return job.kind in _BRINGING and scope == run.scope and at == run.variables_at


async def _by_ids(tx: AsyncSession, ids: Collection[int]) -> list[Deployment]:
    return list(await tx.exec(select(Deployment).where(col(Deployment.id).in_(ids))))
