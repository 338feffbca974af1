"""Where an app asks who signs: a code that only the right mailbox gets, or a login."""

import re
from datetime import timedelta

import pytest
from tests.server.cast import ANNA, APP, BEN, CLEO
from tests.server.platform import Platform
from tests.server.post.pigeons import Pigeons
from tests.server.reviewing import RITA, asked, demand, opened, signed

from sandbox_server.auth.guests import Guest
from sandbox_server.domain.one_time_code import VALID
from sandbox_server.errors import Forbidden, NotPossible, SandboxError
from sandbox_server.operations import identify, invite, login, reviews
from sandbox_server.store.tables_review import Review as Row

pytestmark = pytest.mark.anyio

MINUTE = 60


@pytest.fixture
async def guest(platform: Platform) -> Guest:
    """Of an app that asks who signs, on a server that sends mail."""
    platform.parts.post = Pigeons()
    await platform.deploy()
    await demand(platform, reviews=1, identified=True)
    return await opened(platform, await asked(platform))


async def code(platform: Platform, guest: Guest) -> str:
    """As it stands in the mail."""
    await identify.send_code(platform.parts, guest)
    await platform.quiet()
    assert isinstance(platform.parts.post, Pigeons)
    found = re.search(r"^(\d{4} \d{4}) is your code", platform.parts.post.letters[-1].text, re.MULTILINE)
    assert found is not None
    return found[1].replace(" ", "")


def wrong(right: str) -> str:
    return f"{(int(right) + 1) % 10**8:08}"


async def refused(platform: Platform, guest: Guest, given: str) -> SandboxError:
    with pytest.raises(Forbidden) as caught:
        await signed(platform, guest, code=given)
    return caught.value


async def test_it_works(platform: Platform, guest: Guest) -> None:
    assert (await refused(platform, guest, "")).message == f"A verdict here needs proof that you are {RITA}."
    assert (await identify.needs_code(platform.parts, guest)).needed
    right = await code(platform, guest)
    verdict = await signed(platform, guest, code=f"{right[:4]} {right[4:]}")
    assert (verdict.identified, verdict.email, verdict.user) == ("code", RITA, "")


async def test_the_code_is_kept_nowhere(platform: Platform, guest: Guest) -> None:
    right = await code(platform, guest)
    async with platform.parts.store.read() as tx:
        review = (await tx.get_one(Row, guest.review_id)).model_dump(mode="json", exclude={"nonce"})
    jobs = [(job.payload, job.progress, job.result, job.error) for job in await platform.jobs()]
    assert "code_at" in review
    assert right not in str([review, jobs, await platform.history()])


async def test_a_code_is_good_for_one_verdict(platform: Platform, guest: Guest) -> None:
    right = await code(platform, guest)
    first = await signed(platform, guest, code=right)
    with pytest.raises(Forbidden, match="No code is good any more"):
        await signed(platform, guest, code=right, seen=first.id)


async def test_a_refused_verdict_uses_no_code_up(platform: Platform, guest: Guest) -> None:
    right = await code(platform, guest)
    with pytest.raises(NotPossible):
        await signed(platform, guest, 99, code=right)
    assert (await signed(platform, guest, code=right)).identified == "code"


async def test_a_code_is_good_for_ten_minutes(platform: Platform, guest: Guest) -> None:
    right = await code(platform, guest)
    platform.clock.advance(10 * MINUTE)
    assert "No code is good" in (await refused(platform, guest, right)).message


async def test_five_wrong_answers_end_it(platform: Platform, guest: Guest) -> None:
    right = await code(platform, guest)
    left = [(await refused(platform, guest, wrong(right))).hint for _ in range(5)]
    assert left[0] == "You may try 4 more times."
    assert left[-1] == "Ask for a new one."
    assert "No code is good" in (await refused(platform, guest, right)).message
    assert (await identify.needs_code(platform.parts, guest)).until is None
    assert [line for line in await platform.history() if "code_refused" in line] == [
        f"{RITA} review.code_refused review 1 >"
    ] * 5


async def test_a_newer_code_takes_the_place_of_the_one_before(platform: Platform, guest: Guest) -> None:
    first = await code(platform, guest)
    platform.clock.advance(MINUTE)
    second = await code(platform, guest)
    assert first != second
    assert "newest mail" in (await refused(platform, guest, first)).message
    assert (await signed(platform, guest, code=second)).identified == "code"


async def test_whoever_must_wait_for_a_code_is_told_how_long(platform: Platform, guest: Guest) -> None:
    assert (await identify.needs_code(platform.parts, guest)).next is None
    proof = await identify.send_code(platform.parts, guest)
    assert proof.next == platform.clock() + timedelta(minutes=1)
    platform.clock.advance(20)
    assert await wait(platform, guest) == "in 40 seconds, at 12:01:00 UTC"
    platform.clock.advance(40)
    assert (await identify.needs_code(platform.parts, guest)).next is None


async def test_codes_that_somebody_else_used_up_hold_nobody_up_for_long(
    platform: Platform, guest: Guest
) -> None:
    for _ in range(3):
        await identify.send_code(platform.parts, guest)
        platform.clock.advance(MINUTE)
    assert await wait(platform, guest) == "in 14 minutes, at 12:17:00 UTC"
    platform.clock.advance(14 * MINUTE)
    assert (await signed(platform, guest, code=await code(platform, guest))).identified == "code"


async def wait(platform: Platform, guest: Guest) -> str:
    """How long and until when, as it is said."""
    with pytest.raises(
        NotPossible, match="A code was sent just before, and only the newest is good"
    ) as caught:
        await identify.send_code(platform.parts, guest)
    found = re.fullmatch(r"Look for it in your mail. The next one can be had (.+)\.", caught.value.hint)
    assert found is not None
    return found[1]


async def test_a_code_is_of_one_link_only(platform: Platform, guest: Guest) -> None:
    other = await opened(platform, await asked(platform))
    right = await code(platform, guest)
    platform.clock.advance(MINUTE)
    await identify.send_code(platform.parts, other)
    assert "newest mail" in (await refused(platform, other, right)).message


async def test_many_links_give_no_more_guesses_than_one(platform: Platform, guest: Guest) -> None:
    await identify.send_code(platform.parts, guest)
    await invite.revoke(platform.parts, ANNA, APP, guest.review_id)
    other = await opened(platform, await asked(platform, email="RITA@Example.org"))
    labelled = await opened(platform, await asked(platform, email="rita+2@example.org"))
    for one in (other, labelled):
        with pytest.raises(NotPossible, match="A code was sent just before"):
            await identify.send_code(platform.parts, one)
    somebody = await opened(platform, await asked(platform, email="omar@example.org"))
    await identify.send_code(platform.parts, somebody)


async def test_no_code_is_sent_that_nobody_needs(platform: Platform, guest: Guest) -> None:
    await demand(platform, reviews=1)
    with pytest.raises(NotPossible, match="No code is needed"):
        await identify.send_code(platform.parts, guest)
    assert not (await identify.needs_code(platform.parts, guest)).needed


async def test_a_login_as_that_person_will_do(platform: Platform, guest: Guest) -> None:
    await login.add_user(platform.parts, "ben", admin=False, email=RITA)
    assert not (await identify.needs_code(platform.parts, guest, BEN)).needed
    assert (await signed(platform, guest, caller=BEN)).identified == "login"


async def test_a_login_as_somebody_else_will_not(platform: Platform, guest: Guest) -> None:
    await login.add_user(platform.parts, "ben", admin=True, email="ben@example.org")
    await login.add_user(platform.parts, "cleo", admin=True)
    for caller in (BEN, CLEO):
        assert (await identify.needs_code(platform.parts, guest, caller)).needed
        with pytest.raises(Forbidden):
            await signed(platform, guest, caller=caller)
    assert await reviews.verdicts_of(platform.parts, APP, 1) == []


async def test_without_a_mail_server_people_are_told_to_log_in(platform: Platform, guest: Guest) -> None:
    platform.parts.post = None
    error = await refused(platform, guest, "")
    assert "this server sends no mail" in error.message
    assert error.hint.startswith(f"Log in here as the user whose mail address is {RITA}")
    with pytest.raises(NotPossible, match="sends no mail"):
        await identify.send_code(platform.parts, guest)
    proof = await identify.needs_code(platform.parts, guest)
    assert (proof.needed, proof.by_mail) == (True, False)


async def test_the_page_learns_how_far_the_code_got(platform: Platform, guest: Guest) -> None:
    proof = await identify.send_code(platform.parts, guest)
    assert (proof.mail, proof.until) == ("waiting", platform.clock() + VALID)
    await platform.quiet()
    assert (await identify.needs_code(platform.parts, guest)).mail == "sent"
