"""The whole server on in-memory twins, and a client that behaves like a browser."""

import hashlib
import io
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from httpx import AsyncClient

from sandbox_server import wire
from sandbox_server.auth import Caller
from sandbox_server.builder import MemoryBuilder
from sandbox_server.operations import overview, promote
from sandbox_server.operations.bell import Bell
from sandbox_server.operations.jobs import show_job
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.push import push
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
    apps,
    deployments,
)
from sandbox_server.visitor import MemoryVisitor

ANNA = Caller("anna", admin=False)
URL = "https://sandbox.localhost"


@dataclass
class Platform:
    parts: Parts
    client: AsyncClient
    token: str

    async def log_in(self) -> None:
        """From here on the client is anna's browser."""
        answer = await self.post("/login", token=self.token)
        assert answer == 303

    async def post(self, path: str, **fields: str | int) -> int:
        """Send a form as our own pages do; the status of the answer."""
        answer = await self.client.post(path, data=fields, headers={"Origin": URL})
        return answer.status_code

    async def push(
        self, branch: str = "main", message: str = "First page", code: str = "shinyApp(ui, server)"
    ) -> int:
        """A ready deployment's number."""
        digest = await self.upload(code)
        request = wire.Push(
            bundle=digest, branch=branch, commit="3f2a1c9", message=message, commits=[f"3f2a1c9 {message}"]
        )
        number = (await push(self.parts, ANNA, "sales-dashboard", request)).deployment
        async for _ in self.parts.bell.rings(every=0.2):
            shown = await overview.show_deployment(self.parts, "sales-dashboard", number)
            if shown.status not in ("queued", "building", "starting"):
                return number
        raise AssertionError

    async def promote(self, number: int, seen: int = 0) -> None:
        asked = wire.ReleaseRequest(deployment=number, seen=seen)
        job = await promote.request_promote(self.parts, ANNA, "sales-dashboard", asked)
        await self.finish(job.job)

    async def set_asleep(self, number: int) -> None:
        """As if nobody had used it for a while."""
        async with self.parts.store.write() as tx:
            app = await apps.get(tx, "sales-dashboard")
            row = await deployments.get(tx, app, number)
            await deployments.move(
                tx, row, wire.Status.asleep, at=self.parts.clock(), by="platform", app=app.name
            )

    async def finish(self, job: int) -> wire.Job:
        async for _ in self.parts.bell.rings(every=0.2):
            shown = await show_job(self.parts, job)
            if shown.status in ("done", "failed"):
                return shown
        raise AssertionError

    async def upload(self, code: str) -> str:
        """A bundle's digest."""
        data = archive({"app.R": f"library(shiny)\n{code}\n"})
        digest = hashlib.sha256(data).hexdigest()
        if not self.parts.bundles.has(digest):
            await self.parts.bundles.receive(digest, chunks(data), lambda path: None)
        return digest


def archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


def memory_parts(home: Path) -> Parts:
    settings = Settings(home=home, scheme="https", port=443, chromium="", reconcile_every=0.2)
    bell = Bell()
    return Parts(
        settings=settings,
        platform="abc123",
        store=Store(settings.database_url, bell.ring),
        bundles=Bundles(home / "bundles", limit=2**20, reserve=0),
        logs=Logs(home / "logs"),
        inventories=Inventories(home / "inventories"),
        outputs=Outputs(home / "outputs", limit=settings.output_limit, reserve=settings.disk_reserve),
        pictures=Pictures(home / "pictures", reserve=settings.disk_reserve),
        sealer=Sealer(home / "key"),
        runtime=MemoryRuntime(),
        router=MemoryRouter(),
        builder=MemoryBuilder(),
        visitor=MemoryVisitor(),
        repositories=Repositories(home / "packages", cran=[], bioconductor=""),
        bell=bell,
        clock=lambda: datetime.now(UTC),
    )
