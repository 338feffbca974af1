"""Letters of reviews, with a real mail server."""

from collections.abc import AsyncIterator

import anyio
import pytest
from tests.server.cast import ANNA, APP, HELLO
from tests.server.platform import Platform
from tests.server.post.pigeons import Pigeons
from tests.server.post.servers import PostOffice, post_office, silence
from tests.server.reviewing import RITA, asked, demand, opened, token

from sandbox_server.errors import SandboxError
from sandbox_server.operations import identify, letters, login, reviews
from sandbox_server.operations.invite import revoke
from sandbox_server.post import Mail, NotSent
from sandbox_server.wire_review import Review

pytestmark = pytest.mark.anyio

CONTROL = "http://sandbox.localhost:8080"
DAY = 24 * 3600


@pytest.fixture
async def office(platform: Platform) -> AsyncIterator[PostOffice]:
    await platform.deploy(files={**HELLO, "sandbox.toml": 'title = "Sales"\ntimezone = "Europe/Berlin"\n'})
    async with post_office() as opened_office:
        platform.parts.post = Mail(f"smtp://127.0.0.1:{opened_office.port}", "", CONTROL)
        yield opened_office


@pytest.fixture
async def pigeons(platform: Platform) -> Pigeons:
    await platform.deploy()
    platform.parts.post = made = Pigeons()
    return made


async def shown(platform: Platform, number: int = 1) -> Review:
    return await reviews.show_review(platform.parts, APP, number)


async def test_it_works(platform: Platform, office: PostOffice) -> None:
    await login.add_user(platform.parts, "anna", admin=True, email="anna@example.org")
    review = await asked(platform)
    assert review.mail == "waiting"
    await platform.quiet()
    (mail,) = office.mails
    assert office.recipients == [[RITA]]
    assert (mail["To"], mail["Reply-To"]) == (RITA, "anna@example.org")
    assert mail["Subject"] == "Please try Sales (test version 1)"
    assert mail["Message-ID"] == "<review-1-invitation-20260302120000-2@sandbox.localhost>"
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content()
    assert review.url in text.splitlines()
    assert "13:00 (Europe/Berlin)" in text
    assert (await shown(platform)).mail == "sent"
    assert (await platform.history())[-1] == "platform review.invitation_sent review 1 >"


async def test_the_link_is_in_the_mail_and_nowhere_else(
    platform: Platform, office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    secret = token(await asked(platform)).partition(".")[2]
    office.refused[RITA] = "550 No such user"
    await platform.quiet()
    said = [(job.target, job.payload, job.progress, job.result, job.error) for job in await platform.jobs()]
    assert secret not in str([said, await platform.history(), caplog.text])
    rows = [path for path in platform.parts.settings.home.rglob("*") if path.is_file()]
    assert [path for path in rows if secret.encode() in path.read_bytes()] == []


async def test_an_address_that_does_not_exist_is_shown_as_that(
    platform: Platform, office: PostOffice
) -> None:
    office.refused[RITA] = "550 No such user"
    await asked(platform)
    await platform.quiet()
    review = await shown(platform)
    assert (review.mail, review.state) == ("failed", "open")
    assert "refuses the address (550)" in review.mail_why
    assert review.url


async def test_a_mail_server_that_comes_back_gets_it(platform: Platform, office: PostOffice) -> None:
    office.refused[RITA] = "451 Later"
    await asked(platform)
    await platform.quiet()
    review = await shown(platform)
    assert review.mail == "waiting"
    assert "refuses the address (451)" in review.mail_why
    office.refused.clear()
    await platform.sleep(29)
    assert office.mails == []
    await platform.sleep(1)
    assert len(office.mails) == 1
    assert ((await shown(platform)).mail, (await shown(platform)).mail_why) == ("sent", "")


async def test_it_is_tried_for_a_day_with_ever_longer_pauses(platform: Platform, pigeons: Pigeons) -> None:
    pigeons.error = NotSent("mail.example.org:25 cannot be reached: timeout")
    await asked(platform)
    for _ in range(30):
        await platform.sleep(3600)
    assert 20 < pigeons.tried < 40
    review = await shown(platform)
    assert (review.mail, review.mail_why) == ("failed", "mail.example.org:25 cannot be reached: timeout")
    assert [line for line in await platform.history() if "not_sent" in line] == [
        "platform review.invitation_not_sent review 1 >"
    ]


async def test_a_link_that_was_withdrawn_is_not_sent(platform: Platform, pigeons: Pigeons) -> None:
    review = await asked(platform)
    await revoke(platform.parts, ANNA, APP, review.id)
    await platform.quiet()
    assert pigeons.letters == []
    assert (await shown(platform)).mail == "failed"


async def test_a_code_comes_by_mail_and_an_overtaken_one_does_not(
    platform: Platform, pigeons: Pigeons
) -> None:
    await demand(platform, reviews=1, identified=True)
    guest = await opened(platform, await asked(platform))
    await platform.quiet()
    pigeons.error = NotSent("busy")
    await identify.send_code(platform.parts, guest)
    await platform.quiet()
    platform.clock.advance(60)
    pigeons.error = None
    await identify.send_code(platform.parts, guest)
    await platform.quiet()
    assert [letter.subject for letter in pigeons.letters] == [
        f"Please try {APP} (test version 1)",
        f"Your code for {APP}",
    ]
    assert (await identify.needs_code(platform.parts, guest)).mail == "sent"
    assert (await shown(platform)).mail == "sent"


async def test_a_code_is_not_tried_longer_than_it_is_good(platform: Platform, pigeons: Pigeons) -> None:
    await demand(platform, reviews=1, identified=True)
    guest = await opened(platform, await asked(platform))
    await platform.quiet()
    pigeons.error, pigeons.tried = NotSent("busy"), 0
    await identify.send_code(platform.parts, guest)
    await platform.quiet()
    for _ in range(40):
        await platform.sleep(15)
        if (proof := await identify.needs_code(platform.parts, guest)).mail == "failed":
            break
    assert proof.mail == "failed"
    assert 3 <= pigeons.tried <= 5


@pytest.mark.parametrize("drip", [b"", b"220-still here\r\n"])
async def test_a_mail_server_that_hangs_holds_up_nobody(platform: Platform, drip: bytes) -> None:
    await platform.deploy()
    async with silence(drip) as port:
        platform.parts.post = Mail(f"smtp://127.0.0.1:{port}", "", CONTROL, patience=60)
        with anyio.fail_after(30):
            for _ in range(6):
                await asked(platform)
            async with platform.worker():
                number = await platform.push("feature-x")
                await platform.until_status(number, "ready")
    assert (await shown(platform)).mail == "waiting"


async def test_what_was_cut_off_is_sent_by_the_next_worker(platform: Platform, office: PostOffice) -> None:
    mail, platform.parts.post = platform.parts.post, None
    async with silence() as port:
        platform.parts.post = Mail(f"smtp://127.0.0.1:{port}", "", CONTROL)
        await asked(platform)
        async with platform.worker():
            await platform.until(lambda: _begun(platform))
    platform.parts.post = mail
    await platform.quiet()
    assert len(office.mails) == 1
    assert (await shown(platform)).mail == "sent"


async def test_a_server_that_lost_its_mail_server_says_so(platform: Platform, pigeons: Pigeons) -> None:
    await asked(platform)
    platform.parts.post = None
    await platform.quiet()
    assert (await shown(platform)).mail_why == "this server has no mail server any more"


async def test_what_nobody_foresaw_is_told_too(platform: Platform, pigeons: Pigeons) -> None:
    await asked(platform)
    job = (await platform.jobs())[-1]
    await letters.give_up(platform.parts, job, SandboxError("Something unexpected happened."))
    assert (await shown(platform)).mail_why == "Something unexpected happened."


async def _begun(platform: Platform) -> bool:
    return (await platform.jobs())[-1].status == "running"
