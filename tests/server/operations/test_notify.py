"""Owners are told, with a real mail server and a real webhook."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import pytest
from tests.server.cast import APP, HELLO
from tests.server.platform import Platform
from tests.server.post.servers import hook, post_office, silence

from sandbox_server.domain.telling import Message
from sandbox_server.operations import availability, notify
from sandbox_server.post import Mail, NotSent, Webhook
from sandbox_server.store import apps, notices

pytestmark = pytest.mark.anyio

KEY = "availability"
TEXT = f"{APP} does not work for its users.\n\nError in f(x)"
CONTROL = "http://sandbox.localhost:8080"


@dataclass
class Pigeon:
    """A way whose fate is decided beforehand."""

    name: str = "pigeon"
    error: NotSent | None = None
    sent: list[tuple[str, str]] = field(default_factory=list)
    tried: int = 0

    def reaches(self, addresses: Sequence[str]) -> bool:
        return bool(addresses)

    async def send(self, message: Message, addresses: Sequence[str], number: int) -> None:
        self.tried += 1
        if self.error:
            raise self.error
        self.sent.append((message.state, addresses[0]))


@pytest.fixture
async def owned(platform: Platform) -> Platform:
    await push(platform, "Ann <ann@example.org>")
    return platform


async def push(platform: Platform, owner: str) -> int:
    return await platform.deploy(files={**HELLO, "sandbox.toml": f"owner = '''{owner}'''\n"})


async def open_notice(platform: Platform, key: str = KEY, text: str = TEXT) -> None:
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, APP)
        await notices.open_notice(tx, app.id or 0, key, text, platform.clock(), "Look.")


async def settle(platform: Platform) -> None:
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, APP)
        assert await notices.settle(tx, app.id or 0, KEY, platform.clock())


async def rounds(platform: Platform, *ways: Pigeon, seconds: float = 0, count: int = 1) -> None:
    platform.parts.ways = ways
    for _ in range(count):
        platform.clock.advance(seconds)
        for way in ways:
            await notify.notify(platform.parts, way)


async def test_mail_and_webhook_tell_of_trouble_and_of_its_end(
    owned: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with post_office() as office, hook() as got:
        ways = [Mail(f"smtp://127.0.0.1:{office.port}", "", CONTROL), Webhook(got.url)]
        owned.parts.ways = ways
        for step in (open_notice, settle):
            await step(owned)
            for _ in range(2):
                for way in ways:
                    await notify.notify(owned.parts, way)
    assert [mail["Subject"] for mail in office.mails] == [
        f"[Sandbox] {APP} does not work for its users.", f"[Sandbox] {APP}: it works again"
    ]  # fmt: skip
    assert office.recipients == [["ann@example.org"]] * 2
    assert [posted["state"] for posted in got.posted] == ["opened", "settled"]
    (notice,) = await availability.notices_of(owned.parts, APP, 10)
    assert notice.told_at == owned.clock()


async def test_a_notice_is_open_once_and_its_history_is_kept(owned: Platform) -> None:
    await open_notice(owned)
    await open_notice(owned, text="again")
    await open_notice(owned, "branch feature-x")
    assert [one.key for one in await availability.open_notices(owned.parts)] == ["branch feature-x", KEY]
    await settle(owned)
    await open_notice(owned)
    assert len(await availability.notices_of(owned.parts, APP, 10)) == 3
    assert [line.split()[1] for line in await owned.history()][-4:] == [
        "notice.opened", "notice.opened", "notice.settled", "notice.opened"
    ]  # fmt: skip


async def test_what_was_over_before_anybody_heard_of_it_is_not_told(owned: Platform) -> None:
    await open_notice(owned)
    await settle(owned)
    way = Pigeon()
    await rounds(owned, way, count=3)
    assert way.tried == 0


async def test_the_owner_is_the_one_of_the_release(owned: Platform) -> None:
    await owned.promote(1)
    await push(owned, "Ben <ben@example.org>")
    await open_notice(owned)
    way = Pigeon()
    await rounds(owned, way)
    assert way.sent == [("opened", "ann@example.org")]


@pytest.mark.parametrize("owner", ["", "The sales team", "Ann <ann@>", "@"])
async def test_an_owner_without_an_address_cannot_be_told_by_mail(platform: Platform, owner: str) -> None:
    await push(platform, owner)
    await open_notice(platform)
    way = Pigeon()
    await rounds(platform, way, count=3)
    assert way.tried == 0
    assert [one.told_at for one in await availability.open_notices(platform.parts)] == [None]


async def test_what_does_not_arrive_is_tried_again_ever_more_slowly_and_told_once(
    owned: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    way = Pigeon(error=NotSent("no answer"))
    await open_notice(owned)
    await rounds(owned, way, seconds=5, count=60)
    assert 3 <= way.tried <= 5
    assert caplog.text.count("could not be told by pigeon: no answer") == 1
    way.error = None
    await rounds(owned, way, seconds=3600)
    assert way.sent == [("opened", "ann@example.org")]


async def test_after_a_day_it_is_given_up_and_the_history_says_so(owned: Platform) -> None:
    way = Pigeon(error=NotSent("no answer"))
    await open_notice(owned)
    await rounds(owned, way, seconds=1800, count=60)
    tried = way.tried
    assert tried < 40
    way.error = None
    await rounds(owned, way, seconds=1800, count=10)
    await settle(owned)
    await rounds(owned, way, seconds=1800, count=2)
    assert (way.tried, way.sent) == (tried, [])
    assert sum(line.split()[1] == "notice.untold" for line in await owned.history()) == 1


async def test_a_dead_way_is_asked_once_a_round_and_a_refused_letter_holds_up_no_other(
    owned: Platform,
) -> None:
    for key in ("a", "b", "c"):
        await open_notice(owned, key)
    dead, picky = Pigeon("dead", NotSent("no answer")), Pigeon("picky", NotSent("no such person", final=True))
    await rounds(owned, dead, picky)
    assert (dead.tried, picky.tried) == (1, 3)
    await rounds(owned, dead, picky, seconds=5)
    assert (dead.tried, picky.tried) == (2, 3)


async def test_one_way_that_fails_does_not_make_the_other_tell_twice(owned: Platform) -> None:
    good, bad = Pigeon("good"), Pigeon("bad", NotSent("no answer"))
    await open_notice(owned)
    await rounds(owned, good, bad, seconds=60, count=5)
    assert (len(good.sent), bad.tried > 1) == (1, True)
    await settle(owned)
    await rounds(owned, good, bad, seconds=60, count=5)
    assert [state for state, _ in good.sent] == ["opened", "settled"]
    assert bad.sent == []


async def test_a_kill_between_sending_and_remembering_tells_twice_rather_than_never(owned: Platform) -> None:
    class Killed(Pigeon):
        async def send(self, message: Message, addresses: Sequence[str], number: int) -> None:
            await super().send(message, addresses, number)
            if self.tried == 1:
                raise KeyboardInterrupt

    await open_notice(owned)
    way = Killed()
    with pytest.raises(KeyboardInterrupt):
        await rounds(owned, way)
    await rounds(owned, way, count=2)
    assert len(way.sent) == 2


async def test_a_mail_server_that_hangs_holds_up_no_webhook(
    owned: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    await open_notice(owned)
    async with silence() as port, hook() as got, anyio.create_task_group() as tasks:
        owned.parts.ways = [Mail(f"smtp://127.0.0.1:{port}", "", CONTROL), Webhook(got.url)]
        for way in owned.parts.ways:
            tasks.start_soon(notify.keep, owned.parts, way)
        with anyio.fail_after(60):
            while not got.posted:  # noqa: ASYNC110 - nobody tells us
                await anyio.sleep(0.02)
        tasks.cancel_scope.cancel()


async def test_settled_notices_are_forgotten_after_a_while(owned: Platform) -> None:
    await open_notice(owned)
    await open_notice(owned, "b")
    await settle(owned)
    owned.clock.advance(10)
    async with owned.parts.store.write() as tx:
        await notices.forget(tx, owned.clock())
    assert [one.key for one in await availability.notices_of(owned.parts, APP, 10)] == ["b"]
