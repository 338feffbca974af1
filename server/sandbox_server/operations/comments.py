"""What was said of an app's deployments."""

from sandbox_server.domain.deployment import may
from sandbox_server.domain.picture import kind_of
from sandbox_server.errors import NotFound
from sandbox_server.operations.overview import show_deployment
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, comments, deployments
from sandbox_server.store.comments import Told
from sandbox_server.store.tables import App, Branch
from sandbox_server.store.tables_review import Comment as Row
from sandbox_server.wire import API, Deployment
from sandbox_server.wire_review import Answer, Comment, CommentDetail, Comments, Place

MOST = 200
"""In one list."""


async def list_comments(
    parts: Parts,
    app: str,
    branch: str | None = None,
    *,
    review: int | None = None,
    open_only: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> Comments:
    """Newest first, of a branch or by a link, each with its newest answers. Raises `NotFound`.

    Those of removed branches are not open any more.
    """
    limit = min(limit, MOST)
    async with parts.store.read() as tx:
        row = await apps.get(tx, app)
        place = (await apps.ever_branch(tx, row, branch)).id if branch is not None else None
        found = await comments.page(
            tx, row.id or 0, place, review, open_only=open_only, before=before, limit=limit + 1
        )
        count = await comments.count_open(tx, row.id or 0, place, review)
    listed = [_wire(parts, row, told) for told in found[:limit]]
    return Comments(comments=listed, open=count, next=listed[-1].id if len(found) > limit else None)


async def show_comment(parts: Parts, app: str, id: int) -> CommentDetail:
    """With all its answers and the app's log lines. Raises `NotFound`."""
    async with parts.store.read() as tx:
        row = await apps.get(tx, app)
        told = await comments.one(tx, await comments.get(tx, row, id))
    return CommentDetail.model_validate({**_wire(parts, row, told).model_dump(), "log": told.row.log})


async def picture_of(parts: Parts, app: str, id: int) -> tuple[bytes, str]:
    """Its bytes and their media type. Raises `NotFound`."""
    async with parts.store.read() as tx:
        row = await comments.get(tx, await apps.get(tx, app), id)
    if not row.picture:
        raise NotFound("This comment has no picture.", "One that is being taken comes within a minute or so.")
    data = await parts.pictures.read(row.picture)
    return data, kind_of(data).media_type


async def where_to_open(parts: Parts, comment: Comment) -> list[Deployment]:
    """Where its place can be seen again: as it was, and as it is now, if the addresses still lead somewhere.

    That of the comment first. Raises `NotFound`.
    """
    async with parts.store.read() as tx:
        app = await apps.get(tx, comment.app)
        made_on = await deployments.get(tx, app, comment.deployment)
        branch = await tx.get_one(Branch, made_on.branch_id)
        newest = await deployments.by_id(tx, branch.current_id) if branch.current_id else made_on
    numbers = dict.fromkeys([made_on.number, newest.number])
    found = [await show_deployment(parts, comment.app, number) for number in numbers]
    return [one for one in found if may(one.status).open]


async def shown(parts: Parts, row: Row) -> Comment:
    """As it is now."""
    async with parts.store.read() as tx:
        now = await tx.get_one(Row, row.id)
        told, app = await comments.one(tx, now), await tx.get_one(App, row.app_id)
    return _wire(parts, app, told)


def _wire(parts: Parts, app: App, told: Told) -> Comment:
    row = told.row
    page = f"/apps/{app.name}/comments/{row.id}"
    url = parts.settings.control_url
    return Comment(
        id=row.id or 0, app=app.name, branch=told.branch, deployment=told.deployment, review=row.review_id,
        name=row.name, user=row.user, text=row.text, place=Place.model_validate(row.place) if row.place else None,
        picture=f"{url}{API}{page}/picture" if row.picture else "",
        picture_state=row.picture_state, picture_why=row.picture_why,
        answers=[
            Answer(id=one.id or 0, name=one.name, user=one.user, text=one.text, at=one.created_at)
            for one in told.answers
        ],
        answered=told.answered,
        at=row.created_at, resolved_at=row.resolved_at, resolved_by=row.resolved_by, page=f"{url}{page}",
    )  # fmt: skip
