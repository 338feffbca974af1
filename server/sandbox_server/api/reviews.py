"""Review links, and the verdicts that came back."""

from fastapi import APIRouter

from sandbox_server.api.dependencies import Limit, Member, Number, PartsOf
from sandbox_server.operations import invite, reviews
from sandbox_server.wire_review import Review, ReviewRequest, Verdict

router = APIRouter(prefix="/apps/{app}", tags=["reviews"])


@router.post("/reviews", status_code=201)
async def request_review(caller: Member, parts: PartsOf, app: str, request: ReviewRequest) -> Review:
    return await invite.invite(parts, caller, app, request)


@router.get("/reviews")
async def list_reviews(
    _: Member, parts: PartsOf, app: str, branch: str | None = None, limit: Limit = 50
) -> list[Review]:
    return await reviews.list_reviews(parts, app, branch, limit)


@router.get("/reviews/{id}")
async def show_review(_: Member, parts: PartsOf, app: str, id: Number) -> Review:
    return await reviews.show_review(parts, app, id)


@router.delete("/reviews/{id}")
async def revoke_review(caller: Member, parts: PartsOf, app: str, id: Number) -> Review:
    """The link is of no use from now on; what was said by it stays."""
    return await invite.revoke(parts, caller, app, id)


@router.get("/deployments/{n}/verdicts")
async def list_verdicts(_: Member, parts: PartsOf, app: str, n: Number) -> list[Verdict]:
    return await reviews.verdicts_of(parts, app, n)
