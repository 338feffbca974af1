"""A whole platform in memory, with handles to make things happen and ways to see what came of them."""

import hashlib
import io
import shutil
import tarfile
from asyncio import create_task, gather
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import anyio
from sqlmodel import func, select
from tests.server.cast import ANNA, APP, BEN, HELLO

from sandbox_server import wire
from sandbox_server.auth import Caller
from sandbox_server.builder import MemoryBuilder
from sandbox_server.domain import names
from sandbox_server.domain.edge import Server
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.jobs import Worker
from sandbox_server.operations import edge, jobs, overview, promote, push, rollback
from sandbox_server.operations.bell import Bell, wait
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.reconcile import reconcile
from sandbox_server.repositories import Repositories
from sandbox_server.router import MemoryRouter
from sandbox_server.runtime import MemoryRuntime
from sandbox_server.settings import Settings
from sandbox_server.store import (
    Bundles,
    Inventories,
    Logs,
    Outputs,
    Pictures,
    Sealer,
    Store,
    deployments,
    events,
    instances,
)
from sandbox_server.store import apps as app_rows
from sandbox_server.store import jobs as job_rows
from sandbox_server.store.tables import Deployment, Event, Instance, Job
from sandbox_server.visitor import MemoryVisitor

T = TypeVar("T")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATIENCE = 60.0
"""Seconds after which something will not come any more."""


class Clock:
    """Goes on only when it is told to."""

    def __init__(self) -> None:
        self.now = NOON
        self._jumped = timedelta()

    def __call__(self) -> datetime:
        return self.now

    def ticks(self) -> float:
        """Seconds that really went by."""
        return (self.now - NOON - self._jumped).total_seconds()

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self.now += timedelta(seconds=seconds)
        self._jumped += timedelta(seconds=seconds)


@dataclass
class Platform:
    parts: Parts
    clock: Clock
    runtime: MemoryRuntime
    router: MemoryRouter
    builder: MemoryBuilder
    visitor: MemoryVisitor

    # What people do.

    async def upload(self, files: Mapping[str, str]) -> str:
        """A bundle of these files, received; its digest."""
        data = archive(files)
        digest = hashlib.sha256(data).hexdigest()
        await self.parts.bundles.receive(digest, chunks(data), lambda path: None)
        return digest

    async def push(
        self,
        branch: str = "main",
        files: Mapping[str, str] = HELLO,
        app: str = APP,
        by: Caller = ANNA,
        **said: Any,
    ) -> int:
        """The number that a push got; nothing has happened to it yet."""
        request = wire.Push(bundle=await self.upload(files), branch=branch, **said)
        return (await push.push(self.parts, by, app, request)).deployment

    async def deploy(self, branch: str = "main", files: Mapping[str, str] = HELLO, **said: Any) -> int:
        """A push, and all that follows from it."""
        number = await self.push(branch, files, **said)
        await self.quiet()
        return number

    async def promote(
        self, number: int, *, seen: int | None = None, by: Caller = BEN, reason: str = "", **share: Any
    ) -> wire.Job:
        """The job that was asked for, ended."""
        seen = await self.in_force() if seen is None else seen
        request = wire.ReleaseRequest(deployment=number, seen=seen, reason=reason, **share)
        return await self.finished(await promote.request_promote(self.parts, by, APP, request))

    async def rollback(
        self, *, to: int | None = None, seen: int | None = None, by: Caller = BEN, move: str = ""
    ) -> wire.Job:
        seen = await self.in_force() if seen is None else seen
        request = wire.RollbackRequest(seen=seen, to=to, move=move)
        return await self.finished(await rollback.request_rollback(self.parts, by, APP, request))

    async def finished(self, job: wire.Job) -> wire.Job:
        await self.quiet()
        return await jobs.show_job(self.parts, job.job)

    # What the platform does by itself.

    async def work(self) -> None:
        """A worker lives until no job is due any more."""
        async with self.worker():
            with anyio.fail_after(PATIENCE):
                async for _ in self.parts.bell.rings(every=0.05):
                    if not await self._due():
                        return

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """A worker lives inside of this; then it is ended as a stop of the server ends it."""
        task = create_task(Worker(self.parts).run())
        try:
            yield
        finally:
            task.cancel()
            await gather(task, return_exceptions=True)

    async def until(self, come: Callable[[], Awaitable[T]]) -> T:
        """Wait for what a living worker brings about, and return it."""
        with anyio.fail_after(PATIENCE):
            while not (what := await come()):
                await wait(self.parts.bell.listen(), 0.02)
        return what

    async def until_status(self, number: int, status: str) -> None:
        async def come() -> bool:
            return await self.status(number) == status

        await self.until(come)

    async def reconcile(self) -> None:
        await reconcile(self.parts)

    async def quiet(self) -> None:
        """Jobs and rounds of the control loop, until one of them changes nothing."""
        for _ in range(30):
            await self.work()
            before = await self._state()
            await self.reconcile()
            if await self._state() == before:
                return
        raise AssertionError(f"It does not come to rest: {await self.history()}")

    async def sleep(self, seconds: float) -> None:
        """Time goes by, and all that follows from it."""
        self.clock.advance(seconds)
        await self.quiet()

    # What came of it.

    async def show(self, number: int, app: str = APP) -> wire.Deployment:
        return await overview.show_deployment(self.parts, app, number)

    async def status(self, number: int) -> str:
        return str((await self.show(number)).status)

    async def releases(self) -> list[wire.Release]:
        """Newest first."""
        return await overview.list_releases(self.parts, APP)

    async def in_force(self) -> int:
        """The number of the newest release, 0 for none."""
        made = await self.releases()
        return made[0].release if made else 0

    def serves(self, host: str) -> str:
        """What the edge shows there: `d42` with its scope, `waker`, or nothing at all."""
        assert self.router.running is not None
        slot = self.router.running.routes.get(f"{host}.apps.localhost", "nothing")
        return self.router.running.labels.get(slot, slot).split("-")[0]

    def users_get(self) -> str:
        return self.serves(APP)

    def sandbox_shows(self, branch: str = "main") -> str:
        return self.serves(f"{names.branch_label(branch, APP)}--{APP}")

    def permalink_shows(self, number: int) -> str:
        return self.serves(f"d{number}--{APP}")

    async def row(self, number: int) -> Deployment:
        async with self.parts.store.read() as tx:
            return await deployments.get(tx, await app_rows.get(tx, APP), number)

    async def live(self, number: int | None = None, scope: Scope | None = None) -> list[Instance]:
        """Instances that hold a lease, oldest first."""
        wanted = (await self.row(number)).id if number is not None else None
        async with self.parts.store.read() as tx:
            return [row for row in await instances.live(tx, wanted) if scope in (None, row.scope)]

    async def instance(self, number: int, scope: Scope = Scope.sandbox) -> Instance:
        """The newest one that is up."""
        return [row for row in await self.live(number, scope) if row.state == InstanceState.up][-1]

    async def running(self) -> list[str]:
        """Names of all containers."""
        return sorted(container.name for container in await self.runtime.containers())

    async def environment(self, number: int, scope: Scope = Scope.sandbox) -> Mapping[str, str]:
        """What the app of that instance sees."""
        return self.runtime.spec((await self.instance(number, scope)).name).environment

    def people(self, row: Instance, count: int) -> None:
        """So many connections are open to this instance."""
        self.router.set_sessions(Server(f"slot{row.slot}", row.server or 0), count)

    async def history(self) -> list[str]:
        """Oldest first, in short."""
        async with self.parts.store.read() as tx:
            rows = await events.recent(tx, limit=500)
        return [f"{row.by} {row.action} {row.subject} {row.old}>{row.new}" for row in reversed(rows)]

    async def jobs(self) -> list[Job]:
        async with self.parts.store.read() as tx:
            return list(await tx.exec(select(Job).order_by(Job.id)))  # type: ignore[arg-type]

    async def _due(self) -> bool:
        async with self.parts.store.read() as tx:
            return any(job.run_after <= self.clock() for job in await job_rows.open_jobs(tx))

    async def _state(self) -> object:
        async with self.parts.store.read() as tx:
            told = (await tx.exec(select(func.max(Event.id)))).one()
            asked = (await tx.exec(select(func.max(Job.id)))).one()
            held = [(row.id, row.state) for row in await instances.live(tx)]
        return told, asked, held, await self.running(), len(self.router.executed)


@asynccontextmanager
async def open_platform(home: Path, database: Path, **settings: Any) -> AsyncIterator[Platform]:
    """At `home`, with a copy of the migrated `database`; ready to work."""
    shutil.copy(database, home / "sandbox.db")
    platform = assemble(home, **settings)
    platform.parts.subnet = await platform.runtime.prepare()
    await platform.router.prepare(await edge.wanted(platform.parts))
    try:
        yield platform
    finally:
        await platform.parts.store.close()


def assemble(home: Path, **settings: Any) -> Platform:
    """Every part in memory, but for the database and the files."""
    chosen = Settings(home=home, **{"disk_reserve": 0, "start_timeout": 0.2, "warm": 0, **settings})
    bell, clock = Bell(), Clock()
    runtime, router = MemoryRuntime("abc123"), MemoryRouter(chosen.slots, chosen.servers_per_slot)
    builder, visitor = MemoryBuilder(), MemoryVisitor()
    parts = Parts(
        settings=chosen,
        platform="abc123",
        store=Store(chosen.database_url, bell.ring),
        bundles=Bundles(home / "bundles", limit=chosen.bundle_limit, reserve=chosen.disk_reserve),
        logs=Logs(home / "logs"),
        inventories=Inventories(home / "inventories"),
        outputs=Outputs(home / "outputs", limit=chosen.output_limit, reserve=chosen.disk_reserve),
        pictures=Pictures(home / "pictures", reserve=chosen.disk_reserve),
        sealer=Sealer(home / "key"),
        runtime=runtime,
        router=router,
        builder=builder,
        visitor=visitor,
        repositories=Repositories(home / "packages", cran=[], bioconductor=""),
        bell=bell,
        clock=clock,
        ticks=clock.ticks,
    )
    return Platform(parts, clock, runtime, router, builder, visitor)


def archive(files: Mapping[str, str]) -> bytes:
    """A bundle as the command line makes it: the same files are the same bytes."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w:gz", compresslevel=1) as tar:
        for name, text in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    packed = bytearray(plain.getvalue())
    packed[4:8] = b"\0\0\0\0"  # gzip's own time stamp
    return bytes(packed)


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data
