"""What a reviewer has before them: one test version of a branch, what was said of it, and whether it can be judged."""

from dataclasses import dataclass
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.auth.guests import Guest
from sandbox_server.domain import names
from sandbox_server.domain.deployment import may
from sandbox_server.domain.release import in_force
from sandbox_server.errors import NotFound, NotPossible
from sandbox_server.operations.comments import list_comments, picture_of
from sandbox_server.operations.comments import shown as as_it_is
from sandbox_server.operations.identify import Proof, needs_code
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.reviews import verdicts_by_link
from sandbox_server.store import apps, comments, deployments, events, releases
from sandbox_server.store.tables import App, Branch, Deployment
from sandbox_server.wire_review import Comment, Comments, Verdict

_AGAIN: Final = "Go back to the review: it shows the newest one."


@dataclass(frozen=True)
class Shown:
    """A test version, as a link shows it."""

    number: int
    newest: int
    """What the branch shows now: only this one can be judged."""
    opens: bool
    url: str
    """Of the app, which is open to whoever reaches it."""
    live: int | None
    """None: nothing is released yet."""
    live_url: str


@dataclass(frozen=True)
class Said:
    """What there is to say, and was said, of a test version."""

    own: list[Verdict]
    """By this link, on this test version; newest first."""
    proof: Proof
    """What a signature needs beside the link."""
    comments: Comments
    """Of the whole branch, resolved ones too."""


async def shown(parts: Parts, guest: Guest, version: int | None = None) -> Shown:
    """The test version of this number, or the newest. Raises `NotFound` for one that is not of the link's branch."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, guest.app)
        branch = await apps.get_branch(tx, app, guest.branch)
        newest = await _newest(tx, branch)
        chosen = await _chosen(tx, guest, app, branch, version) if version else newest
        released = in_force(await releases.of_app(tx, app.id or 0))
        live = await deployments.by_id(tx, released.deployment_id) if released else None
    domain = parts.settings.apps_domain
    return Shown(
        number=chosen.number,
        newest=newest.number,
        opens=may(chosen.status).open,
        url=parts.base_url(names.deployment_host(app.name, chosen.number, domain)),
        live=live.number if live else None,
        live_url=parts.base_url(names.release_host(app.name, domain)),
    )


async def said(
    parts: Parts, guest: Guest, number: int, caller: Caller | None, before: int | None = None
) -> Said:
    """`before` is the id of a comment: older ones are shown. Raises `NotFound`."""
    return Said(
        own=await verdicts_by_link(parts, guest.app, guest.review_id, number),
        proof=await needs_code(parts, guest, caller),
        comments=await list_comments(parts, guest.app, guest.branch, before=before),
    )


async def one_comment(parts: Parts, guest: Guest, comment: int) -> Comment:
    """With all its answers. Raises `NotFound` for what is not on the link's branch."""
    try:
        async with parts.store.read() as tx:
            row = await comments.get(tx, await apps.get(tx, guest.app), comment, guest.branch)
    except NotFound:
        raise NotFound("There is no such comment here.", _AGAIN) from None
    return await as_it_is(parts, row)


async def picture(parts: Parts, guest: Guest, comment: int) -> tuple[bytes, str]:
    """The picture of a comment on the link's branch, and its media type. Raises `NotFound`."""
    try:
        async with parts.store.read() as tx:
            await comments.get(tx, await apps.get(tx, guest.app), comment, guest.branch)
        return await picture_of(parts, guest.app, comment)
    except NotFound:
        # One answer: nobody learns what people say of other branches, nor how much.
        raise NotFound("There is no such picture here.", _AGAIN) from None


async def newest_event(parts: Parts, app: str) -> int:
    """Whatever a review shows changes with an event of its app. Asked once for all pages: the platform also writes
    figures and sessions every few seconds, and two hundred looks at them would keep it busy."""
    # The bell rings for all of them at once: the first one looks, the others wait for what it finds.
    async with parts.newest_events_lock:
        commits = parts.store.commits
        known = parts.newest_events.get(app)
        if known is None or known[0] != commits:
            async with parts.store.read() as tx:
                known = parts.newest_events[app] = (commits, await events.newest(tx, app))
        return known[1]


async def _newest(tx: AsyncSession, branch: Branch) -> Deployment:
    found = await tx.get(Deployment, branch.current_id) if branch.current_id else None
    if found is None:
        raise NotPossible("There is nothing to try yet.", "Come back in a while.")
    return found


async def _chosen(tx: AsyncSession, guest: Guest, app: App, branch: Branch, version: int) -> Deployment:
    unknown = NotFound(f"There is no test version {version} of {guest.title} here.", _AGAIN)
    try:
        found = await deployments.get(tx, app, version)
    except NotFound:
        raise unknown from None
    if found.branch_id != branch.id:
        raise unknown
    return found
