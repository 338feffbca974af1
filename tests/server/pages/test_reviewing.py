"""What somebody without an account gets from a review link, and what they are refused."""

import re
from contextlib import aclosing
from typing import Any

import pytest
from fastapi import Request
from sqlmodel import func, select
from tests.server.cast import ANNA, APP
from tests.server.pages.links import (
    BETTER,
    KEY,
    LIVE,
    TEST,
    Link,
    link,
    log_in,
    platform,
)
from tests.server.platform import Platform

from sandbox_server.app import create_app
from sandbox_server.auth.guests import guest_of_link
from sandbox_server.operations import comment as comments
from sandbox_server.operations.invite import revoke
from sandbox_server.operations.remove import remove_branch
from sandbox_server.operations.reviews import verdicts_of
from sandbox_server.pages import review_live, streams
from sandbox_server.pages.review_values import Visit
from sandbox_server.store.tables import Event
from sandbox_server.wire_review import AnswerRequest

__all__ = ["link", "platform"]  # fixtures

pytestmark = pytest.mark.anyio


async def test_the_link_alone_opens_the_page(link: Link) -> None:
    answer = await link.get()
    assert answer.status_code == 200
    assert "Test version 1" in answer.text
    assert "Hello Rita Moreno" in answer.text
    assert f'src="{TEST}/"' in answer.text
    assert "can be opened by everybody who reaches its address" in answer.text
    assert not answer.headers.get("set-cookie")


async def test_it_speaks_of_versions_and_nothing_else(link: Link) -> None:
    text = re.sub(r"<[^>]*>", " ", (await link.get()).text)
    assert not re.search(r"\bd1\b(?!--)|bundle|instance|scope|deployment|sandbox\.toml|promote", text)


async def test_what_is_new_and_what_to_try_stand_there(link: Link) -> None:
    text = (await link.get()).text
    assert "Choose the region South" in text
    assert "Download the table" in text
    assert "Show margins" in text
    assert "As noted with each change." in text
    assert "Nobody said which data it works with. Ask anna" in text


async def test_the_live_version_is_named_and_can_be_compared(platform: Platform, link: Link) -> None:
    assert "nobody else uses it yet" in (await link.get()).text
    assert "There is nothing to compare with" in (await link.get("/compare")).text
    await platform.promote(await platform.deploy("main"))
    assert "everybody else still uses live version 2" in (await link.get()).text
    page = await link.get("/compare")
    assert 'title="Live version 2 of sales-dashboard"' in page.text
    assert 'title="Test version 1 of sales-dashboard"' in page.text


async def test_apps_are_framed_by_these_pages_only_and_nobody_frames_them(
    platform: Platform, link: Link
) -> None:
    review, compare = await link.get(), await link.get("/compare")
    assert review.headers["content-security-policy"].endswith(f"; frame-src {TEST}")
    assert compare.headers["content-security-policy"].endswith(f"; frame-src {TEST} {LIVE}")
    await log_in(platform, link)
    others = [await link.client.get("/"), await link.get("/comments/1/picture"), await link.get("x")]
    assert not any("frame-src" in other.headers["content-security-policy"] for other in others)
    for answer in (review, compare, *others):
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]


async def test_the_link_leaves_the_page_for_nobody(link: Link) -> None:
    answer = await link.get()
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert 'referrerpolicy="no-referrer"' in answer.text
    outside = re.findall(r'(?:src|href)="(https?:[^"]*)"', answer.text)
    assert outside
    assert all(url.startswith(TEST) for url in outside)
    assert all('rel="noopener' in tag for tag in re.findall(r"<a [^>]*_blank[^>]*>", answer.text))
    token = link.path.rpartition("/")[2]
    assert not any(token in url for url in outside)


async def test_a_look_changes_nothing(platform: Platform, link: Link) -> None:
    async with platform.parts.store.read() as tx:
        before = await events_of(tx)
    for rest in ("", "?version=1", "/compare"):
        assert (await link.get(rest)).status_code == 200
    for rest in ("/verdict", "/code", "/comments"):
        assert (await link.get(rest)).status_code in (404, 405)
    async with platform.parts.store.read() as tx:
        assert await events_of(tx) == before


async def test_scanners_of_mail_learn_that_the_link_is_good_without_reading_it(link: Link) -> None:
    for path, status in ((link.path, 200), (link.path[:-1] + "g", 404)):
        assert (await link.client.head(path)).status_code == status


async def events_of(tx: Any) -> int:
    return int((await tx.exec(select(func.count()).select_from(Event))).one())


@pytest.mark.parametrize("origin", [None, "null", TEST, "https://evil.test"])
async def test_what_comes_from_elsewhere_is_refused(
    platform: Platform, link: Link, origin: str | None
) -> None:
    answers = [
        await link.post("/comments", origin=origin, key=KEY, version=1, text="approved"),
        await link.post("/verdict", origin=origin, version=1, seen=0, outcome="accepted", name="Rita"),
        await link.post("/code", origin=origin, version=1),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert await verdicts_of(platform.parts, APP, 1) == []


async def test_an_altered_link_says_what_to_do_and_asks_for_no_login(link: Link) -> None:
    last = "0" if link.path[-1] != "0" else "1"
    wrong = [link.path[:-1] + last, link.path[:-1], link.path + "0", "/r/1", "/r/x", "/r/2" + link.path[4:]]
    answers = [await link.client.get(path) for path in wrong]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert "leads nowhere" in answers[0].text
    assert "ask whoever sent it" in answers[0].text
    assert "password" not in answers[0].text
    assert "/login" not in answers[0].text


async def test_no_changed_bit_of_a_token_opens_anything(link: Link) -> None:
    start, token = link.path[: len("/r/")], link.path[len("/r/") :].encode()
    for n in range(0, len(token) * 8, 7):  # each character, and each of its bits somewhere
        flipped = bytearray(token)
        flipped[n // 8] ^= 1 << n % 8
        path = start + "".join(f"%{byte:02x}" for byte in flipped)
        assert (await link.client.get(path)).status_code != 200


async def test_a_withdrawn_link_is_over(platform: Platform, link: Link) -> None:
    await revoke(platform.parts, ANNA, APP, link.id)
    answer = await link.get()
    assert answer.status_code == 410
    assert "This link was withdrawn." in answer.text
    assert "Ask anna for a new one." in answer.text
    assert "<form" not in answer.text
    assert "/login" not in answer.text
    assert (await link.say()).json()["error"]["code"] == "link_over"


async def test_an_expired_link_is_over(platform: Platform, link: Link) -> None:
    platform.clock.advance(8 * 24 * 3600)
    answer = await link.get()
    assert answer.status_code == 410
    assert "This link was good until" in answer.text


async def test_a_removed_branch_says_so(platform: Platform, link: Link) -> None:
    await remove_branch(platform.parts, ANNA, APP, "feature-x")
    answer = await link.get()
    assert answer.status_code == 410
    assert "Ask anna what became of it." in answer.text


async def test_other_versions_of_the_branch_can_be_looked_at_and_no_others(
    platform: Platform, link: Link
) -> None:
    await platform.deploy("main")
    await platform.deploy("feature-x", BETTER)
    older, newest = await link.get("?version=1"), await link.get()
    assert "There is a newer test version 3." in older.text
    assert "Test version 1 " in older.text
    assert "Test version 3 " in newest.text
    assert "There is a newer" not in newest.text
    for number in (2, 4):
        other = await link.get(f"?version={number}")
        assert other.status_code == 404
        assert f"no test version {number}" in other.text


async def test_who_is_logged_in_is_told_so_and_sees_no_navigation(platform: Platform, link: Link) -> None:
    assert "logged in" not in (await link.get()).text
    await log_in(platform, link)
    page = (await link.get()).text
    assert "You are logged in as anna" in page
    assert "/logout" not in page
    assert "topbar" not in page
    assert 'href="/"' not in page
    await link.judge()
    assert (await verdicts_of(platform.parts, APP, 1))[0].user == "anna"


async def test_an_open_page_hears_of_answers_newer_versions_and_the_end(
    platform: Platform, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_live, "PAUSE", 0)
    await link.say()
    token = link.path.rpartition("/")[2]
    guest = await guest_of_link(platform.parts.store, platform.parts.sealer, token, platform.clock())
    visit = Visit(guest, None, platform.parts, token)
    request = Request({"type": "http", "app": create_app(platform.parts)})
    async with aclosing(review_live.news(request, guest, token, lambda: visit.fragments(1))) as news:
        assert names(await anext(news)) == ["newer", "comments", "verdict"]
        await comments.answer(platform.parts, ANNA, APP, 1, AnswerRequest(key=KEY, text="I see"))
        assert names(await anext(news)) == ["comments"]
        platform.parts.bell.ring()
        assert await anext(news) == streams.QUIET
        await platform.deploy("feature-x", BETTER)
        assert names(told := await anext(news)) == ["newer", "verdict"]
        assert "There is a newer test version 2." in told
        await revoke(platform.parts, ANNA, APP, link.id)
        assert "This link was withdrawn." in await anext(news)
        assert [one async for one in news] == [streams.END]


async def test_the_stream_of_a_wrong_link_is_refused(link: Link) -> None:
    assert (await link.client.get("/r/1.x/live?version=1")).status_code == 404
    assert (await link.get("/live")).status_code == 422


def names(events: str) -> list[str]:
    return re.findall(r"^event: (\w+)$", events, re.MULTILINE)
