"""Letters to whoever asked for a review: what came of it."""

import pytest
from tests.server.cast import ANNA, APP, BEN
from tests.server.commenting import answered, said
from tests.server.platform import Platform
from tests.server.post.pigeons import Pigeons
from tests.server.reviewing import RITA, asked, opened, signed

from sandbox_server.auth.guests import Guest
from sandbox_server.operations import comment, invite, login
from sandbox_server.post import Letter, NotSent

pytestmark = pytest.mark.anyio

ANNAS = "anna@example.org"
MINUTE = 60


@pytest.fixture
async def guest(platform: Platform) -> Guest:
    """Rita, who was asked by Anna, whose address the platform knows."""
    platform.parts.post = Pigeons()
    await platform.deploy()
    await login.add_user(platform.parts, ANNA.user, admin=True, email=ANNAS)
    return await opened(platform, await asked(platform))


def pigeons(platform: Platform) -> Pigeons:
    assert isinstance(platform.parts.post, Pigeons)
    return platform.parts.post


async def annas(platform: Platform) -> list[Letter]:
    """What she got so far."""
    await platform.quiet()
    return [letter for letter in pigeons(platform).letters if letter.to == ANNAS]


async def say(platform: Platform, guest: Guest, text: str) -> int:
    return (await comment.comment(platform.parts, guest, APP, 1, said(text))).id


async def test_it_works(platform: Platform, guest: Guest) -> None:
    await signed(platform, guest, text="The map is lovely.")
    (letter,) = await annas(platform)
    assert (letter.subject, letter.reply_to) == (f"Rita accepted d1 of {APP}", RITA)
    assert "“The map is lovely.”" in letter.text
    assert f"/apps/{APP}/reviews/1" in letter.text
    assert "/r/1." not in letter.text
    assert (await platform.history())[-1] == "platform review.verdict_sent review 1 >"


async def test_each_verdict_is_told_once_even_if_the_mail_server_was_away(
    platform: Platform, guest: Guest
) -> None:
    pigeons(platform).error = NotSent("busy")
    first = await signed(platform, guest)
    await platform.quiet()
    await signed(platform, guest, outcome="rejected", seen=first.id)
    await platform.quiet()
    pigeons(platform).error = None
    for _ in range(10):
        await platform.sleep(MINUTE)
    subjects = sorted(letter.subject for letter in await annas(platform))
    assert subjects == [f"Rita accepted d1 of {APP}", f"Rita rejected d1 of {APP}"]


async def test_a_verdict_is_told_although_its_link_was_withdrawn_meanwhile(
    platform: Platform, guest: Guest
) -> None:
    await signed(platform, guest)
    await invite.revoke(platform.parts, ANNA, APP, guest.review_id)
    assert len(await annas(platform)) == 1


async def test_comments_come_together_in_one_letter(platform: Platform, guest: Guest) -> None:
    first = await say(platform, guest, "The axis has no label.")
    platform.clock.advance(5 * MINUTE)
    await say(platform, guest, "The south is missing.")
    await comment.answer(platform.parts, guest, APP, first, answered("Still not."))
    assert await annas(platform) == []
    await platform.sleep(5 * MINUTE)
    (letter,) = await annas(platform)
    assert letter.subject == f"Rita made 3 comments on {APP}"
    for words in ("The axis has no label.", "The south is missing.", "Still not."):
        assert f"“{words}”" in letter.text
    await say(platform, guest, "One more.")
    await platform.sleep(10 * MINUTE)
    assert [one.subject for one in await annas(platform)][1:] == [f"Rita made a comment on {APP}"]


async def test_what_is_said_while_the_letter_is_on_its_way_is_in_the_next(
    platform: Platform, guest: Guest
) -> None:
    class Slow(Pigeons):
        async def post(self, letter: Letter) -> None:
            if letter.to == ANNAS and not self.letters:
                await say(platform, guest, "And another.")
            await super().post(letter)

    await platform.quiet()
    platform.parts.post = Slow()
    await say(platform, guest, "One.")
    await platform.sleep(10 * MINUTE)
    await platform.sleep(10 * MINUTE)
    first, second = await annas(platform)
    assert "“One.”" in first.text
    assert "“And another.”" not in first.text
    assert "“And another.”" in second.text
    assert "“One.”" not in second.text


async def test_publishers_get_no_letter_of_what_publishers_say(platform: Platform, guest: Guest) -> None:
    await comment.comment(platform.parts, BEN, APP, 1, said("Looks good."))
    await platform.sleep(10 * MINUTE)
    assert await annas(platform) == []


@pytest.mark.parametrize("address", ["", "rita+me@example.org"])
async def test_nobody_is_told_whose_address_is_not_known_or_who_judged_it(
    platform: Platform, guest: Guest, address: str
) -> None:
    await login.set_email(platform.parts, ANNA.user, address)
    await platform.quiet()
    before = len(pigeons(platform).letters)
    await signed(platform, guest)
    await say(platform, guest, "Well.")
    await platform.sleep(10 * MINUTE)
    assert len(pigeons(platform).letters) == before
    assert not [line for line in await platform.history() if "not_sent" in line]
