"""Reviews, as publishers see them: who was asked, how far the mail got, what came back."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import review_link
from sandbox_server.operations import heard
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, reviews, verdicts
from sandbox_server.store.reviews import link_of
from sandbox_server.store.tables import App, Branch, Deployment
from sandbox_server.store.tables_review import Review as Row
from sandbox_server.store.tables_review import Verdict as VerdictRow
from sandbox_server.wire_review import Review, Step, Verdict


async def list_reviews(
    parts: Parts, app_name: str, branch: str | None = None, limit: int = 50
) -> list[Review]:
    """Newest first. Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        branch_id = (await apps.ever_branch(tx, app, branch)).id if branch is not None else None
        return await _shown(parts, tx, app, await reviews.of_app(tx, app.id or 0, branch_id, limit))


async def show_review(parts: Parts, app_name: str, review_id: int) -> Review:
    """Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        return (await _shown(parts, tx, app, [await reviews.get(tx, app, review_id)]))[0]


async def verdicts_of(parts: Parts, app_name: str, number: int) -> list[Verdict]:
    """On the deployment of this number, newest first. Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        deployment = await deployments.get(tx, app, number)
        rows = await verdicts.of_deployment(tx, deployment.id or 0)
        return await shown_verdicts(tx, app, rows, parts.clock())


async def verdicts_by_link(parts: Parts, app_name: str, review_id: int, number: int) -> list[Verdict]:
    """What came by one link on the deployment of this number, newest first. Raises `NotFound`."""
    return [one for one in await verdicts_of(parts, app_name, number) if one.review == review_id]


async def shown_verdicts(
    tx: AsyncSession, app: App, rows: Sequence[VerdictRow], now: datetime
) -> list[Verdict]:
    """In the same order."""
    ids = {row.deployment_id for row in rows}
    stand = await heard.stands(tx, app.id or 0, await verdicts.of_deployments(tx, ids), now)
    places = await _places(tx, ids)
    revoked = await reviews.revoked(tx, {row.review_id for row in rows})
    return [
        _verdict(app, *places[row.deployment_id], row, stand.get(row.id or 0), revoked.get(row.review_id))
        for row in rows
    ]


def url_of(parts: Parts, row: Row) -> str:
    """The link itself: whoever has it is taken for the person whom it was made for."""
    return f"{parts.settings.control_url}/r/{link_of(row).token(parts.sealer.derive)}"


async def _shown(parts: Parts, tx: AsyncSession, app: App, rows: Sequence[Row]) -> list[Review]:
    ids = [row.id or 0 for row in rows]
    said = await shown_verdicts(tx, app, await verdicts.of_links(tx, ids), parts.clock())
    places = await _places(tx, {row.deployment_id for row in rows})
    comments = await reviews.open_comments(tx, ids)
    return [
        _review(
            parts, app, *places[row.deployment_id], row,
            [one for one in said if one.review == row.id], comments.get(row.id or 0, 0),
        )
        for row in rows
    ]  # fmt: skip


async def _places(tx: AsyncSession, ids: set[int]) -> dict[int, tuple[str, int]]:
    """The branch's name and the number, by the deployment's id."""
    query = (
        select(Deployment.id, Branch.name, Deployment.number)
        .join(Branch, col(Branch.id) == col(Deployment.branch_id))
        .where(col(Deployment.id).in_(ids))
    )
    return {found: (branch, number) for found, branch, number in await tx.exec(query) if found is not None}


def _review(
    parts: Parts, app: App, branch: str, number: int, row: Row, said: list[Verdict], open_comments: int
) -> Review:
    state = review_link.state(row.expires_at, row.revoked_at, parts.clock())
    return Review(
        id=row.id or 0,
        app=app.name,
        branch=branch,
        deployment=number,
        name=row.name,
        email=row.email,
        url=url_of(parts, row) if state == "open" else "",
        page=f"{parts.settings.control_url}/apps/{app.name}/reviews#review-{row.id}",
        by=row.by,
        created_at=row.created_at,
        expires=row.expires_at,
        state=state,
        mail=row.letter.get("state", "none"),
        mail_why=row.letter.get("why", ""),
        verdicts=said,
        open_comments=open_comments,
    )


def _verdict(
    app: App, branch: str, number: int, row: VerdictRow, ignored: str | None, revoked_at: datetime | None
) -> Verdict:
    """`ignored`: why gates do not count it; None: it does not stand."""
    return Verdict.model_validate(
        {
            "id": row.id,
            "app": app.name,
            "branch": branch,
            "deployment": number,
            "outcome": row.outcome,
            "name": row.name,
            "email": row.email,
            "user": row.user,
            "identified": row.identified,
            "text": row.text,
            "meaning": row.meaning,
            "image": row.image,
            "steps": [Step.model_validate(step) for step in row.steps],
            "review": row.review_id,
            "link_revoked_at": revoked_at,
            "at": row.created_at,
            "stands": ignored is not None,
            "ignored": ignored or "",
        }
    )
