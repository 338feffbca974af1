"""Rollback: an earlier release comes back, with the variables that it had. One more release row, nothing is undone.

While a candidate has a share of the visitors, that is what is taken back.
"""

from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain.durations import in_words, seconds_of
from sandbox_server.domain.release import candidate, check_seen, rollback_target
from sandbox_server.errors import BadRequest, ImageMissing
from sandbox_server.operations import jobs, overview
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, releases
from sandbox_server.store import jobs as job_rows
from sandbox_server.store.tables import App
from sandbox_server.store.tables import Release as Row
from sandbox_server.wire import Job, Release, RollbackRequest

SHORTEST_MOVE, LONGEST_MOVE = 10.0, 86400.0
"""Seconds."""


async def target(parts: Parts, app_name: str, to: int | None = None) -> Release:
    """The release that users get after a rollback to release `to`, or to the one before; with a candidate the one in
    force. Raises `NotPossible`, `NotFound`."""
    made = await overview.list_releases(parts, app_name)
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        rows = await releases.of_app(tx, app.id or 0)
    newer = candidate(rows)
    number = newer.base if newer and to is None else rollback_target(rows, to).number
    return next(row for row in made if row.release == number)


async def request_rollback(parts: Parts, caller: Caller, app_name: str, request: RollbackRequest) -> Job:
    """Queue the switch. Raises `BadRequest`, `NotPossible`, `StateChanged`, `ImageMissing`, `NotFound`; then nothing
    changes."""
    move = _move(request.move)
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        assert app.id is not None
        made = await releases.of_app(tx, app.id)
        check_seen(made, request.seen)
        newer = candidate(made)
        if newer and request.to not in (None, newer.base):
            newer = None  # an earlier one is meant, and the candidate ends with it
        back = newer or rollback_target(made, request.to)
        number = (await deployments.by_id(tx, back.deployment_id)).number
    if newer is None and not await parts.builder.has(back.image):
        raise ImageMissing(f"The image of release {back.number} (d{number}) is gone.")
    payload = {"seen": request.seen, "reason": request.reason, "move": move}
    async with parts.store.write() as tx:
        check_seen(await releases.of_app(tx, app.id), request.seen)
        job = await ask(parts, tx, app, back, payload, by=caller.user, number=number)
    return await jobs.show_job(parts, job)


async def ask(
    parts: Parts, tx: AsyncSession, app: App, back: Row, payload: dict[str, Any], *, by: str, number: int
) -> int:
    """Queue the job that brings this full release back, or gives this candidate up; its id."""
    gives_up = back.share < 100
    job = await job_rows.add(
        tx,
        "switch",
        f"app:{app.id}",
        {
            "kind": "abort" if gives_up else "rollback",
            "deployment": back.deployment_id,
            "variables_at": back.variables_at,
            "returns_to": None if gives_up else back.number,
            "share": 0 if gives_up else 100,
            **payload,
        },
        by=by,
        now=parts.clock(),
        progress=f"taking the visitors of d{number} back"
        if gives_up
        else f"starting d{number} in the release scope",
    )
    return job.id or 0


def _move(text: str) -> float | None:
    """Seconds. Raises `BadRequest`."""
    if not text:
        return None
    try:
        seconds = seconds_of(text)
    except ValueError as error:
        raise BadRequest(f"{str(error)[:1].upper()}{str(error)[1:]}.", "Such as `--move 10m`.") from error
    if not SHORTEST_MOVE <= seconds <= LONGEST_MOVE:
        raise BadRequest(
            f"People are moved after {in_words(SHORTEST_MOVE)} to {in_words(LONGEST_MOVE)}, "
            f"not after {in_words(seconds)}.",
            "Such as `--move 10m`.",
        )
    return seconds
