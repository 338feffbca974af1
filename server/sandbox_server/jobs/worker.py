"""Claims jobs and runs them. Killed at any line, the next worker tells the same story again."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sandbox_server.errors import RouterUnavailable, RuntimeUnavailable, SandboxError, StoreUnavailable
from sandbox_server.jobs.kinds import KINDS
from sandbox_server.operations.bell import wait
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.trouble import CANCELLED, problem
from sandbox_server.store import jobs
from sandbox_server.store.tables import Job

log = logging.getLogger(__name__)

LEASE = 30.0
"""Seconds; renewed long before they are over."""
ATTEMPTS = 6
_POLL = 2.0


class Worker:
    """One for each platform: `run` expects that no other one is alive."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._running: dict[asyncio.Task[None], str] = {}
        self._work_of: dict[int, asyncio.Future[Any]] = {}

    async def run(self) -> None:
        """Until cancelled; what runs then is left for the next worker."""
        async with self._parts.store.write() as tx:
            await jobs.release_leases(tx)
        try:
            while True:
                rung = self._parts.bell.listen()
                await self._claim_all()
                await wait(rung, _POLL)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _claim_all(self) -> None:
        try:
            while await self._claim():
                pass
        except StoreUnavailable:
            pass  # the store says so itself, once
        except Exception:
            log.exception("looking for jobs failed")

    async def _claim(self) -> bool:
        now = self._parts.clock()
        count = Counter(self._running.values())
        settings = self._parts.settings
        busy = {name for name, kind in KINDS.items() if count[name] >= kind.at_once(settings)}
        if not await self._any_due(busy):
            return False
        async with self._parts.store.write() as tx:
            job = await jobs.claim(tx, now, LEASE, busy, mine=self._work_of.keys())
        if job is None:
            return False
        task = asyncio.create_task(self._work_or_wait(job), name=f"job {job.id} {job.kind}")
        self._running[task] = job.kind
        task.add_done_callback(lambda done: self._running.pop(done, None))
        return True

    async def _any_due(self, busy: Collection[str]) -> bool:
        """A look without a write, so that polling costs nothing and rings no bell. Ends work that was cancelled."""
        now = self._parts.clock()
        async with self._parts.store.read() as tx:
            open_jobs = await jobs.open_jobs(tx)
        for job in open_jobs:
            if job.cancelled and (work := self._work_of.get(job.id or 0)):
                work.cancel()
        running = {job.target for job in open_jobs if job.leased_until and job.leased_until > now}
        return any(
            job.run_after <= now
            and job.target not in running
            and job.kind not in busy
            and job.id not in self._work_of
            and not job.cancelled
            for job in open_jobs
        )

    async def _work_or_wait(self, job: Job) -> None:
        try:
            await self._work(job)
        except StoreUnavailable:
            log.warning("job %s (%s) goes on when its lease is over", job.id, job.kind)

    async def _work(self, job: Job) -> None:
        if job.attempts > ATTEMPTS:
            # Each time it was begun the process ended with it.
            await self._give_up(job, SandboxError(f"This was begun {ATTEMPTS} times and never ended."))
            return
        kind = KINDS[job.kind]
        work = self._work_of[job.id or 0] = asyncio.ensure_future(kind.run(self._parts, job))
        beat = asyncio.create_task(self._heartbeat(job, work))
        try:
            result = await work
            await self._finish(job, "done", result=result)
        except asyncio.CancelledError:
            if _stopping():
                raise
            await self._finish(job, "failed", error=CANCELLED)
        except (RuntimeUnavailable, RouterUnavailable, StoreUnavailable) as error:
            await self._later(job, error)
        except SandboxError as error:
            await self._finish(job, "failed", error=problem(error))
        except Exception:
            log.exception("job %s (%s) failed", job.id, job.kind)
            await self._give_up(
                job, SandboxError("Something unexpected happened on the server; its log says what.")
            )
        finally:
            self._work_of.pop(job.id or 0, None)
            beat.cancel()

    async def _heartbeat(self, job: Job, work: asyncio.Future[Any]) -> None:
        """Keep the lease; end the work if the lease is not ours any more."""
        while not work.done():
            await asyncio.sleep(LEASE / 3)
            try:
                held = await self._renew(job)
            except StoreUnavailable:
                continue
            except Exception:
                log.exception("the lease of job %s was not renewed; trying again", job.id)
                continue
            if not held:
                work.cancel()
                return

    async def _renew(self, job: Job) -> bool:
        async with self._parts.store.write() as tx:
            return await jobs.renew(tx, job, self._parts.clock() + timedelta(seconds=LEASE))

    async def _later(self, job: Job, error: SandboxError) -> None:
        if job.attempts >= ATTEMPTS:
            await self._give_up(job, error)
            return
        again = self._parts.clock() + timedelta(seconds=min(2**job.attempts, 30))
        async with self._parts.store.write() as tx:
            await jobs.retry_later(tx, job, again, f"{error.message} Trying again.")

    async def _give_up(self, job: Job, error: SandboxError) -> None:
        """The end of trying. What has been reached all the same is told as done."""
        given_up = KINDS[job.kind].given_up
        result = None
        if given_up is not None:
            try:
                result = await given_up(self._parts, job, error)
            except StoreUnavailable:
                raise  # nobody was told yet: once more, when the lease is over
            except SandboxError:
                pass
        if result is None:
            await self._finish(job, "failed", error=problem(error))
        else:
            await self._finish(job, "done", result=result)

    async def _finish(
        self,
        job: Job,
        status: str,
        *,
        result: dict[str, object] | None = None,
        error: dict[str, object] | None = None,
    ) -> None:
        async with self._parts.store.write() as tx:
            await jobs.finish(tx, job, status, self._parts.clock(), result=result, error=error)


def _stopping() -> bool:
    """Is it this task that is cancelled, and not the work that it waits for?"""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
