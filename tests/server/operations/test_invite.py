"""Asking for a review, and taking it back."""

from datetime import timedelta
from typing import Any

import pytest
from tests.server.cast import ANNA, APP, BEN
from tests.server.platform import Platform
from tests.server.reviewing import RITA, asked, opened, signed, token

from sandbox_server.errors import BadRequest, LinkOver, NotFound, NotPossible, QuotaReached
from sandbox_server.operations import invite, reviews
from sandbox_server.operations.remove import remove_branch
from sandbox_server.visitor.base import Outcome, Visit
from sandbox_server.wire_review import ReviewRequest

pytestmark = pytest.mark.anyio

MINUTE, HOUR = 60, 3600


async def test_it_works(platform: Platform) -> None:
    await platform.deploy()
    review = await asked(platform, expires="7d", script="- Open it\x01\r\n- Close it")
    assert (review.id, review.app, review.branch, review.deployment) == (1, APP, "main", 1)
    assert (review.name, review.email, review.by, review.state) == ("Rita", RITA, "anna", "open")
    assert review.expires == platform.clock() + timedelta(days=7)
    assert review.url.startswith("http://sandbox.localhost:8080/r/1.")
    assert (review.mail, review.mail_why, review.verdicts, review.open_comments) == ("none", "", [], 0)
    assert await reviews.show_review(platform.parts, APP, 1) == review
    assert await reviews.list_reviews(platform.parts, APP) == [review]


async def test_the_history_has_the_deed_and_not_the_link(platform: Platform) -> None:
    await platform.deploy()
    review = await asked(platform)
    await invite.revoke(platform.parts, BEN, APP, review.id)
    told = await platform.history()
    assert told[-2:] == [
        f"anna review.requested review 1 >{RITA} on d1 of main",
        f"ben review.revoked review 1 {RITA}>",
    ]
    assert token(review).partition(".")[2] not in " ".join(told)


@pytest.mark.parametrize("expires", ["59m", "91d", "0d", "soon", "-1d", "", "1e9d", "7 weeks", "999999d"])
async def test_a_link_is_good_for_an_hour_to_ninety_days(platform: Platform, expires: str) -> None:
    await platform.deploy()
    with pytest.raises(BadRequest):
        await asked(platform, expires=expires)
    for span in ("1h", "90d", "2.5d"):
        assert (await asked(platform, expires=span)).state == "open"


@pytest.mark.parametrize(
    "email",
    [
        "rita",
        "rita@",
        "@example.org",
        "rita@example.org, tom@example.org",
        "rita@example.org;tom@example.org",
        "rita@example.org tom@example.org",
        "Rita <rita@example.org>",
        "rita@example.org\r\nBcc: eve@e.x",
        "rita@example.org\n",
        "rita@example.org\x00",
        "rita@exa mple.org",
        '"rita"@example.org',
        "rita@@example.org",
        "rita@example.org%0aBcc:eve@e.x",
        "rita@example..org",
        "-oProxyCommand=x@",
        "ríta@example.org",
        "rita@" + "x" * 260,
    ],
)
async def test_a_link_is_for_one_address(platform: Platform, email: str) -> None:
    await platform.deploy()
    request = ReviewRequest.model_construct(branch="main", name="Rita", email=email)
    if email.strip() == RITA:
        assert (await invite.invite(platform.parts, ANNA, APP, request)).email == RITA
        return
    with pytest.raises(BadRequest, match="is not one mail address"):
        await invite.invite(platform.parts, ANNA, APP, request)
    assert await reviews.list_reviews(platform.parts, APP) == []


async def test_a_name_is_one_line(platform: Platform) -> None:
    await platform.deploy()
    assert (await asked(platform, name=" Rita\r\nBcc: x \x1b[31m ")).name == "Rita Bcc: x [31m"
    with pytest.raises(BadRequest, match="has a name"):
        await asked(platform, name="\r\n \x01")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"branch": None}, BadRequest),
        ({"branch": "nothing"}, NotFound),
        ({"branch": None, "deployment": 9}, NotFound),
        ({"branch": "main", "deployment": 3}, BadRequest),
        ({"branch": None, "deployment": 1}, NotPossible),
        ({"branch": "broken"}, NotPossible),
    ],
)
async def test_what_cannot_be_tried_is_nobody_asked_for(
    platform: Platform, said: dict[str, Any], error: type[Exception]
) -> None:
    await platform.deploy()
    await platform.deploy(note="newer")
    await platform.deploy("feature-x")
    platform.visitor.outcomes["http://d4--"] = Visit(Outcome.failed, 1, "The session closed.")
    await platform.deploy("broken")
    with pytest.raises(error):
        await asked(platform, **said)
    assert await reviews.list_reviews(platform.parts, APP) == []
    assert "review.requested" not in " ".join(await platform.history())


async def test_a_sandbox_that_sleeps_can_be_tried(platform: Platform) -> None:
    await platform.deploy()
    await platform.sleep(HOUR)
    await platform.sleep(MINUTE)
    assert await platform.status(1) == "asleep"
    assert (await asked(platform, branch=None, deployment=1)).deployment == 1


async def test_to_revoke_twice_is_to_revoke_once(platform: Platform) -> None:
    await platform.deploy()
    review = await asked(platform)
    guest = await opened(platform, review)
    await signed(platform, guest)
    first = await invite.revoke(platform.parts, ANNA, APP, review.id)
    told = await platform.history()
    assert await invite.revoke(platform.parts, BEN, APP, review.id) == first
    assert await platform.history() == told
    assert (first.state, first.url, len(first.verdicts)) == ("revoked", "", 1)
    with pytest.raises(LinkOver):
        await signed(platform, guest, seen=1)


async def test_an_expired_one_is_shown_as_that_without_its_link(platform: Platform) -> None:
    await platform.deploy()
    review = await asked(platform, expires="1h")
    platform.clock.advance(3600)
    shown = await reviews.show_review(platform.parts, APP, review.id)
    assert (shown.state, shown.url) == ("expired", "")


async def test_reviews_of_other_apps_are_not_there(platform: Platform) -> None:
    await platform.deploy()
    review = await asked(platform)
    await platform.push(app="other-app")
    for act in (reviews.show_review(platform.parts, "other-app", review.id),
                invite.revoke(platform.parts, ANNA, "other-app", review.id)):  # fmt: skip
        with pytest.raises(NotFound):
            await act


async def test_they_are_listed_by_branch_newest_first(platform: Platform) -> None:
    await platform.deploy()
    await platform.deploy("feature-x")
    for branch in ("main", "feature-x", "main"):
        await asked(platform, branch)
    assert [one.id for one in await reviews.list_reviews(platform.parts, APP)] == [3, 2, 1]
    assert [one.id for one in await reviews.list_reviews(platform.parts, APP, "main", limit=1)] == [3]
    with pytest.raises(NotFound):
        await reviews.list_reviews(platform.parts, APP, "nothing")


async def test_a_removed_branch_takes_its_links_along(platform: Platform) -> None:
    await platform.deploy()
    await signed(platform, await opened(platform, await asked(platform)))
    await remove_branch(platform.parts, ANNA, APP, "main")
    (review,) = await reviews.list_reviews(platform.parts, APP)
    assert (review.state, review.branch, len(review.verdicts)) == ("revoked", "main", 1)


async def test_there_is_an_end_to_the_links_of_a_branch(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invite, "MOST_OPEN", 2)
    await platform.deploy()
    for _ in range(2):
        await asked(platform, expires="1h")
    with pytest.raises(QuotaReached, match="as many as a branch may have"):
        await asked(platform)
    platform.clock.advance(3600)
    await asked(platform)
