"""What reviewers of an app on a platform in memory do, by the operations themselves."""

import secrets
from typing import Any

from tests.server.pages.platform import ANNA, Platform

from sandbox_server.auth.guests import Guest, guest_of_link
from sandbox_server.operations.comment import comment
from sandbox_server.operations.invite import invite
from sandbox_server.operations.reviews import show_review
from sandbox_server.operations.sign import sign
from sandbox_server.wire_review import Comment, CommentRequest, Place, Review, ReviewRequest, VerdictRequest

APP = "sales-dashboard"


async def ask(platform: Platform, name: str = "Ann", branch: str = "main", **said: Any) -> Review:
    """By anna; the address follows from the name."""
    email = f"{name.partition(' ')[0].lower()}@example.com"
    request = ReviewRequest(**{"branch": branch, "name": name, "email": email, **said})
    return await invite(platform.parts, ANNA, APP, request)


async def guest(platform: Platform, review: Review) -> Guest:
    """Who opens that link."""
    review = await show_review(platform.parts, APP, review.id)
    token = review.url.rpartition("/")[2]
    return await guest_of_link(platform.parts.store, platform.parts.sealer, token, platform.parts.clock())


async def judge(platform: Platform, review: Review, outcome: str, number: int, **said: Any) -> None:
    request = VerdictRequest.model_validate(
        {"deployment": number, "outcome": outcome, "name": review.name, "seen": 0, **said}
    )
    await sign(platform.parts, await guest(platform, review), None, request)


async def remark(
    platform: Platform,
    review: Review,
    number: int,
    text: str = "Totals are empty",
    picture: bytes = b"",
    **place: Any,
) -> Comment:
    """With a place if anything is said of one."""
    request = CommentRequest(
        key=secrets.token_hex(16), text=text, place=Place.model_validate(place) if place else None
    )
    return await comment(platform.parts, await guest(platform, review), APP, number, request, picture)
