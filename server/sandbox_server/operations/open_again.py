"""Open again: where the place of a comment can be seen once more, as it was and as it is now."""

from typing import Final

from sandbox_server.operations.overview import show_deployment
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments
from sandbox_server.store.tables import Branch
from sandbox_server.wire import Deployment, Status
from sandbox_server.wire_review import Comment

_OPENS: Final = frozenset({Status.starting, Status.ready, Status.asleep})
"""In these states a deployment's address leads to the app, sooner or later."""


async def where_to_open(parts: Parts, comment: Comment) -> list[Deployment]:
    """That of the comment first, each only if its address still leads somewhere. Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, comment.app)
        made_on = await deployments.get(tx, app, comment.deployment)
        branch = await tx.get_one(Branch, made_on.branch_id)
        newest = await deployments.by_id(tx, branch.current_id) if branch.current_id else made_on
    found = [
        await show_deployment(parts, comment.app, n) for n in dict.fromkeys([made_on.number, newest.number])
    ]
    return [one for one in found if one.status in _OPENS]
