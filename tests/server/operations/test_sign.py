"""Verdicts: bound to what was tried, and never to anything else."""

from typing import Any

import pytest
from tests.server.cast import ANNA, APP, BEN, HELLO
from tests.server.platform import Platform
from tests.server.reviewing import RITA, asked, opened, signed

from sandbox_server.auth.guests import Guest
from sandbox_server.errors import BadRequest, LinkOver, NotPossible, StateChanged
from sandbox_server.operations import login, reviews, sign, variables
from sandbox_server.operations.invite import revoke
from sandbox_server.operations.remove import remove_app, remove_branch
from sandbox_server.store import verdicts
from sandbox_server.store.tables_review import Verdict as Row
from sandbox_server.wire import Status, VariablesSet
from sandbox_server.wire_review import VerdictRequest

pytestmark = pytest.mark.anyio

UAT = {**HELLO, "uat.md": "- Open it\n- Close it\n", "sandbox.toml": 'title = "Sales"\n'}


@pytest.fixture
async def guest(platform: Platform) -> Guest:
    await platform.deploy(files=UAT)
    return await opened(platform, await asked(platform))


async def rows(platform: Platform, number: int = 1) -> list[Row]:
    deployment = await platform.row(number)
    async with platform.parts.store.read() as tx:
        return await verdicts.of_deployment(tx, deployment.id or 0)


async def test_it_works(platform: Platform, guest: Guest) -> None:
    ticked = [{"text": "Open it", "done": True}, {"text": "Close it", "done": False}]
    verdict = await signed(platform, guest, name=" Rita R. ", text="Fine.\r\nReally.\x01", steps=ticked)
    assert (verdict.app, verdict.branch, verdict.deployment, verdict.review) == (
        APP,
        "main",
        1,
        guest.review_id,
    )
    assert (verdict.outcome, verdict.name, verdict.email) == ("accepted", "Rita R.", RITA)
    assert (verdict.identified, verdict.user, verdict.text) == ("link", "", "Fine.\nReally.")
    assert verdict.meaning == "I have tried test version 1 of Sales and accept that it goes live."
    assert verdict.image == (await platform.show(1)).image
    assert [(step.text, step.done) for step in verdict.steps] == [("Open it", True), ("Close it", False)]
    assert (verdict.at, verdict.stands) == (platform.clock(), True)
    assert await reviews.verdicts_of(platform.parts, APP, 1) == [verdict]
    assert (await reviews.show_review(platform.parts, APP, guest.review_id)).verdicts == [verdict]
    assert (await platform.history())[-1] == f"{RITA} verdict.accepted d1 >Rita R. <{RITA}>"


async def test_it_says_with_which_variables_it_was_tried(platform: Platform, guest: Guest) -> None:
    await variables.set_variables(
        platform.parts, ANNA, APP, VariablesSet(scope="sandbox", variables={"A": "1", "B": "2"})
    )
    await signed(platform, guest)
    (row,) = await rows(platform)
    assert row.variables_at == 2


async def test_who_is_logged_in_is_recorded_and_is_not_the_person_of_the_link(
    platform: Platform, guest: Guest
) -> None:
    await login.add_user(platform.parts, "ben", admin=False, email="ben@example.org")
    verdict = await signed(platform, guest, caller=BEN)
    assert (verdict.user, verdict.email, verdict.identified) == ("ben", RITA, "link")
    assert (await platform.history())[-1].startswith("ben verdict.accepted d1")


async def test_a_login_with_the_address_of_the_link_says_who_signs(platform: Platform, guest: Guest) -> None:
    await login.add_user(platform.parts, "ben", admin=False, email=RITA.upper())
    assert (await signed(platform, guest, caller=BEN)).identified == "login"


async def test_the_second_of_two_verdicts_hears_of_the_first(platform: Platform, guest: Guest) -> None:
    first = await signed(platform, guest, outcome="rejected")
    with pytest.raises(StateChanged, match=r"Rita rejected test version 1 at 12:00 UTC"):
        await signed(platform, guest)
    assert len(await rows(platform)) == 1
    second = await signed(platform, guest, seen=first.id)
    stands = [one.stands for one in await reviews.verdicts_of(platform.parts, APP, 1)]
    assert (second.stands, stands) == (True, [True, False])


async def test_a_verdict_that_never_was_was_not_seen(platform: Platform, guest: Guest) -> None:
    with pytest.raises(StateChanged):
        await signed(platform, guest, seen=7)
    assert await rows(platform) == []


async def test_there_is_an_end_to_the_verdicts_of_one_link(
    platform: Platform, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign, "MOST", 2)
    for seen in (0, 1):
        await signed(platform, guest, seen=seen)
    with pytest.raises(NotPossible, match="as many as it may"):
        await signed(platform, guest, seen=2)


async def test_verdicts_by_two_links_do_not_get_in_each_others_way(platform: Platform, guest: Guest) -> None:
    other = await opened(platform, await asked(platform))
    tom = await opened(platform, await asked(platform, name="Tom", email="tom@example.org"))
    for one in (guest, other, tom):
        await signed(platform, one)
    said = await reviews.verdicts_of(platform.parts, APP, 1)
    assert [(one.email, one.stands) for one in said] == [
        ("tom@example.org", True),
        (RITA, True),
        (RITA, False),
    ]


async def test_a_newer_push_begins_without_verdicts_and_the_old_one_takes_none(
    platform: Platform, guest: Guest
) -> None:
    await signed(platform, guest)
    await platform.deploy(files={**UAT, "new.R": "1"})
    with pytest.raises(NotPossible, match=r"Test version 1 is not on show any more. Test version 2 has come"):
        await signed(platform, guest, seen=1)
    assert len(await rows(platform)) == 1
    assert await rows(platform, 2) == []
    assert (await signed(platform, guest, 2)).deployment == 2


async def test_while_a_newer_push_is_built_the_shown_one_can_be_judged(
    platform: Platform, guest: Guest
) -> None:
    await platform.push(files={**UAT, "new.R": "1"})
    assert (await signed(platform, guest)).deployment == 1
    with pytest.raises(NotPossible, match="is not on show"):
        await signed(platform, guest, 2)


async def test_what_the_link_is_not_for_cannot_be_judged_by_it(platform: Platform, guest: Guest) -> None:
    await platform.deploy("feature-x", files=UAT)
    for number in (2, 99):
        with pytest.raises(NotPossible, match="is not what you were asked to try"):
            await signed(platform, guest, number)
    assert await rows(platform, 2) == []


@pytest.mark.parametrize("gone", ["app", "branch", "revoked", "expired"])
async def test_what_is_gone_takes_no_verdict(platform: Platform, guest: Guest, gone: str) -> None:
    if gone == "app":
        await remove_app(platform.parts, ANNA, APP)
    elif gone == "branch":
        await remove_branch(platform.parts, ANNA, APP, "main")
    elif gone == "revoked":
        await revoke(platform.parts, ANNA, APP, guest.review_id)
    else:
        platform.clock.advance(8 * 24 * 3600)
    with pytest.raises(LinkOver):
        await signed(platform, guest)
    assert "verdict" not in " ".join(await platform.history())


async def test_a_retired_one_takes_no_verdict(platform: Platform, guest: Guest) -> None:
    async with platform.parts.store.write() as tx:
        row = await platform.row(1)
        row.status = Status.retired
        await tx.merge(row)
    with pytest.raises(NotPossible, match="was removed"):
        await signed(platform, guest)


async def test_it_is_bound_to_what_was_there_and_outlives_the_branch(
    platform: Platform, guest: Guest
) -> None:
    verdict = await signed(platform, guest)
    await remove_app(platform.parts, ANNA, APP)
    await platform.deploy(files=UAT)
    assert await reviews.verdicts_of(platform.parts, APP, 1) == [verdict]
    assert await reviews.verdicts_of(platform.parts, APP, 2) == []


@pytest.mark.parametrize("name", ["\n", " ", "\x01", "\u202e"])
async def test_a_signature_has_a_name(platform: Platform, guest: Guest, name: str) -> None:
    with pytest.raises(BadRequest):
        await signed(platform, guest, name=name)


async def test_steps_of_the_page_that_never_were_are_left_out(platform: Platform, guest: Guest) -> None:
    made_up = [{"text": "Ate it", "done": True}, {"text": "Close it", "done": True}, {"text": "x" * 10_000}]
    verdict = await signed(platform, guest, steps=made_up)
    assert [(step.text, step.done) for step in verdict.steps] == [("Open it", False), ("Close it", True)]


@pytest.mark.parametrize(
    "said",
    [
        {"text": "x" * 10_001},
        {"name": "x" * 101},
        {"name": ""},
        {"outcome": "fine"},
        {"deployment": 0},
        {"seen": -1},
        {"steps": [{"text": "a"}] * 201},
        {"code": "1" * 21},
        {"user": "anna"},
        {"identified": "login"},
        {"image": "sha256:2"},
        {"text": "\ud800"},
    ],
)
def test_what_is_too_much_or_ones_own_idea_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="VerdictRequest"):
        VerdictRequest.model_validate(
            {"deployment": 1, "outcome": "accepted", "name": "Rita", "seen": 0, **said}
        )
