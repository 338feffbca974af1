"""Picture: the checking browser shows the place of a comment as its writer had it, and what it sees is kept."""

from typing import Literal

from sandbox_server.domain import names
from sandbox_server.domain.deployment import may
from sandbox_server.domain.kind import Kind
from sandbox_server.errors import RuntimeUnavailable, SandboxError, StorageFull
from sandbox_server.operations.parts import Parts
from sandbox_server.store import comments
from sandbox_server.store.tables import App, Deployment, Job
from sandbox_server.store.tables_review import Comment
from sandbox_server.visitor.base import Picture, View
from sandbox_server.wire_review import Place

TRIES = 2
TIMEOUT = 60.0
"""Seconds, in which what sleeps wakes."""
_SHOWN = 20
"""Inputs that are named."""
_LONGEST = 60
"""Characters of the name of one."""


async def picture(parts: Parts, job: Job) -> None:
    """The job. Sees what is wanted, takes it, keeps it: told again, it finds that nothing is wanted any more."""
    comment_id: int = job.payload["comment"]
    wanted = await _wanted(parts, comment_id)
    if isinstance(wanted, str):
        await _set(parts, comment_id, "failed", why=wanted)
    if not isinstance(wanted, View):
        return
    taken = await parts.visitor.picture(wanted)
    if taken.reason and job.attempts < TRIES and not await parts.visitor.available():
        # A page that did not come up this time, such as just after a start, may come up the next.
        raise RuntimeUnavailable(taken.reason)
    if taken.png:
        await _keep(parts, comment_id, taken)
    else:
        await _set(parts, comment_id, "failed", why=taken.reason)


async def give_up(parts: Parts, job: Job, error: SandboxError) -> None:
    """Something unforeseen: whoever looks for the picture learns that it does not come."""
    await _set(parts, job.payload["comment"], "failed", why=error.message)


async def _wanted(parts: Parts, comment_id: int) -> View | str | None:
    """What to look at, or why there is nothing to see; None if nobody waits for it."""
    async with parts.store.read() as tx:
        row = await tx.get(Comment, comment_id)
        if row is None or row.picture_state != "waiting":
            return None
        app, deployment = await tx.get_one(App, row.app_id), await tx.get_one(Deployment, row.deployment_id)
    if app.removed_at is not None or not may(deployment.status).open:
        return f"Test version {deployment.number} did not run any more."
    return _view(parts, app, deployment, Place.model_validate(row.place))


def _view(parts: Parts, app: App, deployment: Deployment, place: Place) -> View:
    host = names.deployment_host(app.name, deployment.number, parts.settings.apps_domain)
    return View(
        # With a slash of ours: whatever the reviewer's browser said, it is a page of this host.
        url=f"{parts.base_url(host)}/{place.url.lstrip('/')}",
        width=place.width, height=place.height, expects=Kind(deployment.kind).serves,
        scroll_x=place.scroll_x, scroll_y=place.scroll_y, inputs=place.inputs, timeout=TIMEOUT,
    )  # fmt: skip


async def _keep(parts: Parts, comment_id: int, taken: Picture) -> None:
    try:
        digest = await parts.pictures.keep(taken.png)
    except StorageFull as error:
        await _set(parts, comment_id, "failed", why=error.message)
    else:
        await _set(parts, comment_id, "taken", digest, _lacks(taken))


def _lacks(taken: Picture) -> str:
    """In sentences, what the picture does not show as the reviewer had it; empty: nothing."""
    if not taken.left:
        return taken.reason
    named = ", ".join(name[:_LONGEST] for name in taken.left[:_SHOWN])
    more = f" and {len(taken.left) - _SHOWN} more" if len(taken.left) > _SHOWN else ""
    return f"{taken.reason} Not as the reviewer had them: {named}{more}.".strip()


async def _set(
    parts: Parts, comment_id: int, state: Literal["taken", "failed"], digest: str = "", why: str = ""
) -> None:
    """Unless somebody gave a picture meanwhile."""
    async with parts.store.write() as tx:
        row = await tx.get(Comment, comment_id)
        if row is None or row.picture_state != "waiting":
            return
        row.picture_state, row.picture, row.picture_why = state, digest, why
        tx.add(row)
        await comments.record(tx, row, f"picture.{state}", at=parts.clock(), by="platform")
