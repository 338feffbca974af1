"""Sign: a person's verdict on the test version that was in front of them. A row for ever, bound to the image."""

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.auth.guests import Guest, Link, open_link
from sandbox_server.domain import signature
from sandbox_server.domain.comment import plain
from sandbox_server.domain.telling import one_line
from sandbox_server.errors import BadRequest, NotPossible, StateChanged
from sandbox_server.operations import identify, letters
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.reviews import shown_verdicts
from sandbox_server.operations.try_out import asked_version, what_to_try
from sandbox_server.store import events, variables, verdicts
from sandbox_server.store.tables import Deployment
from sandbox_server.store.tables_review import Verdict as Row
from sandbox_server.wire import Status
from sandbox_server.wire_review import Step, Verdict, VerdictRequest

MOST = 50
"""Verdicts by one link on one deployment: they are kept for ever."""

_LOOK = "Load the page again and look at what there is now."


async def sign(parts: Parts, guest: Guest, caller: Caller | None, request: VerdictRequest) -> Verdict:
    """`caller`: who is logged in, if anybody. Raises `BadRequest`, `Forbidden`, `NotPossible`, `StateChanged`,
    `LinkOver`; then nothing is recorded."""
    name = one_line(request.name)
    if not name:
        raise BadRequest("A verdict is signed with a name.", "Write yours.")
    async with parts.store.read() as tx:
        await _judged(tx, await open_link(tx, guest, parts.clock()), request)
    steps = await _steps(parts, guest, request)
    how = await identify.prove(parts, guest, caller, request.code)
    now, user = parts.clock(), caller.user if caller else ""
    async with parts.store.write() as tx:
        link = await open_link(tx, guest, now)
        deployment = await _judged(tx, link, request)
        row = _row(link, deployment, request, name, steps)
        row.user, row.identified, row.created_at = user, how, now
        row.variables_at = await variables.newest_id(tx, deployment.app_id)
        if how == "code":
            identify.use_up(link.review)
        tx.add_all([row, link.review])
        await tx.flush()
        await events.record(
            tx, at=now, by=user or row.email, action=f"verdict.{row.outcome}", app=guest.app,
            subject=f"d{deployment.number}", new=f"{name} <{row.email}>", reason=row.text,
        )  # fmt: skip
        await letters.tell_of_verdict(parts, tx, link.review, row)
        return (await shown_verdicts(tx, link.app, [row], now))[0]


def _row(link: Link, deployment: Deployment, request: VerdictRequest, name: str, steps: list[Step]) -> Row:
    """What is said of what; not by whom yet, and when."""
    title = link.app.title or link.app.name
    return Row(
        app_id=deployment.app_id,
        deployment_id=deployment.id or 0,
        review_id=link.review.id or 0,
        outcome=request.outcome,
        name=name,
        email=link.review.email,
        text=plain(request.text),
        meaning=signature.meaning(request.outcome, deployment.number, title),
        image=deployment.image or "",
        steps=[step.model_dump() for step in steps],
    )


async def _judged(tx: AsyncSession, link: Link, request: VerdictRequest) -> Deployment:
    """What the verdict is about, if it can be judged now. Raises `NotPossible`, `StateChanged`."""
    deployment = await asked_version(tx, link, request.deployment)
    if link.branch.current_id != deployment.id:
        shown = await tx.get(Deployment, link.branch.current_id) if link.branch.current_id else None
        newer = f"Test version {shown.number} has come instead." if shown else "It was removed."
        raise NotPossible(f"Test version {deployment.number} is not on show any more. {newer}", _LOOK)
    if deployment.status == Status.retired or not deployment.image:
        raise NotPossible(f"Test version {deployment.number} was removed.", _LOOK)
    await _check_seen(tx, link, deployment, request.seen)
    return deployment


async def _check_seen(tx: AsyncSession, link: Link, deployment: Deployment, seen: int) -> None:
    """Two verdicts at once: the second one's author must know of the first. Raises `StateChanged`, `NotPossible`."""
    given = await verdicts.of_link_on(tx, link.review.id or 0, deployment.id or 0)
    if len(given) >= MOST:
        raise NotPossible(
            f"This link has given {MOST} verdicts on test version {deployment.number}, as many as it may.",
            f"Ask {link.review.by} for a new one.",
        )
    if (given[0].id if given else 0) == seen:
        return
    if not given:
        raise StateChanged("The verdict that you saw is not on this test version.", _LOOK)
    raise StateChanged(
        f"Meanwhile a verdict was given by this link: {given[0].name} {signature.WORDS[given[0].outcome]} "
        f"test version {deployment.number} at {given[0].created_at:%H:%M} UTC.",
        "Load the page again; if you still want to, give yours then: the newest one counts.",
    )


async def _steps(parts: Parts, guest: Guest, request: VerdictRequest) -> list[Step]:
    """What there was to try, in our own words; of the page's, only which of it was ticked."""
    done = {step.text for step in request.steps if step.done}
    known = (await what_to_try(parts, guest, request.deployment)).steps
    return [Step(text=step.text, done=step.text in done) for step in known]
