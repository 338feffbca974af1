"""What somebody without an account gets from a review link, and what they are refused."""

import io
import json
import re
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import Request
from httpx import ASGITransport, AsyncClient, Response
from sqlmodel import func, select
from tests.server.cast import ANNA, APP
from tests.server.platform import Platform, open_platform

from sandbox_server.app import create_app
from sandbox_server.auth.guests import guest_of_link
from sandbox_server.operations import comment as comments
from sandbox_server.operations import login
from sandbox_server.operations.comments import list_comments
from sandbox_server.operations.gates import set_gates
from sandbox_server.operations.invite import invite, revoke
from sandbox_server.operations.remove import remove_branch
from sandbox_server.operations.reviews import verdicts_of
from sandbox_server.pages import review_live, streams
from sandbox_server.pages.review_forms import LONGEST
from sandbox_server.pages.review_values import Visit
from sandbox_server.pages.session import COOKIE
from sandbox_server.store.tables import Event
from sandbox_server.wire_review import AnswerRequest, CommentRequest, GatesRequest, ReviewRequest

pytestmark = pytest.mark.anyio

URL = "http://sandbox.localhost:8080"
TEST = "http://d1--sales-dashboard.apps.localhost:8080"
LIVE = "http://sales-dashboard.apps.localhost:8080"
BETTER = {"app.R": "library(shiny)\nshinyApp(better, server)\n"}
KEY = "0123456789abcdef"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&</textarea></p>"
SCRIPT = "- Choose the region South\n- Download the table"


@dataclass
class Link:
    """Rita's, on the branch feature-x."""

    platform: Platform
    client: AsyncClient
    id: int
    path: str

    async def get(self, rest: str = "") -> Response:
        return await self.client.get(self.path + rest)

    async def post(
        self, rest: str, *, origin: str | None = URL, by_script: bool = True, **sent: Any
    ) -> Response:
        headers = {"Origin": origin} if origin else {}
        headers |= {"Accept": "application/json"} if by_script else {}
        files = sent.pop("files", None)
        return await self.client.post(self.path + rest, data=sent, files=files, headers=headers)

    async def say(
        self, text: str = "The sum is wrong", key: str = KEY, version: int = 1, **more: Any
    ) -> Response:
        return await self.post("/comments", key=key, version=version, text=text, **more)

    async def judge(
        self, outcome: str = "accepted", seen: int = 0, version: int = 1, **more: Any
    ) -> Response:
        fields = {"name": "Rita Moreno", "text": "", **more}
        return await self.post("/verdict", version=version, seen=seen, outcome=outcome, **fields)


@pytest.fixture
async def platform(tmp_path: Path, empty_database: Path) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path, empty_database) as opened:
        yield opened


@pytest.fixture
async def link(platform: Platform) -> AsyncIterator[Link]:
    await platform.deploy("feature-x", commits=["3f2a1c9 Show margins"])
    transport = ASGITransport(create_app(platform.parts))
    async with AsyncClient(transport=transport, base_url=URL) as client:
        yield await ask(platform, client)


async def ask(
    platform: Platform, client: AsyncClient, name: str = "Rita Moreno", script: str = SCRIPT
) -> Link:
    request = ReviewRequest(branch="feature-x", name=name, email="rita@example.org", script=script)
    review = await invite(platform.parts, ANNA, APP, request)
    return Link(platform, client, review.id, urlsplit(review.url).path)


async def log_in(platform: Platform, link: Link) -> None:
    """Anna opens it on her own browser."""
    token = await login.add_user(platform.parts, "anna", admin=False)
    link.client.headers["Cookie"] = f"{COOKIE}={await login.sign_in_with_token(platform.parts, token)}"


def picture() -> bytes:
    """One black point."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


async def test_the_link_alone_opens_the_page(link: Link) -> None:
    answer = await link.get()
    assert answer.status_code == 200
    assert "Test version 1" in answer.text
    assert "Hello Rita Moreno" in answer.text
    assert f'src="{TEST}/"' in answer.text
    assert "is open to everybody who can reach it" in answer.text
    assert not answer.headers.get("set-cookie")


async def test_it_speaks_of_versions_and_nothing_else(link: Link) -> None:
    text = re.sub(r"<[^>]*>", " ", (await link.get()).text)
    assert not re.search(r"\bd1\b(?!--)|bundle|instance|scope|deployment|sandbox\.toml|promote", text)


async def test_what_is_new_and_what_to_try_stand_there(link: Link) -> None:
    text = (await link.get()).text
    assert "Choose the region South" in text
    assert "Download the table" in text
    assert "Nobody wrote down what is new" in text
    assert "Show margins" in text
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


async def test_a_comment_comes_once_however_often_it_is_sent(link: Link) -> None:
    answers = [await link.say() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    page = (await link.get()).text
    assert page.count("The sum is wrong") == 2  # itself, and the name of its button
    assert "1 comment is open" in page


async def test_without_scripts_forms_lead_back_to_the_page(link: Link) -> None:
    answer = await link.post("/comments", by_script=False, key=KEY, version=1, text="Hello")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{link.path}?version=1#comments"
    refused = await link.post("/comments", by_script=False, key=KEY, version=1, text="")
    assert refused.status_code == 422
    assert "The comment is empty." in refused.text
    assert f'href="{link.path}"' in refused.text


async def test_a_place_goes_with_the_comment_and_nonsense_of_the_app_does_not(
    platform: Platform, link: Link
) -> None:
    place = {"url": "/?tab=2", "width": 800, "height": 600, "x": 10, "y": 20, "inputs": {"region": "South"}}
    await link.say(place=json.dumps(place))
    told = (await list_comments(platform.parts, APP)).comments[0].place
    assert told
    assert (told.x, told.url, told.inputs) == (10, "/?tab=2", {"region": "South"})
    for n, wrong in enumerate(
        [
            {"url": "//evil.test"},
            {"inputs": {"x" * 300: 1}},
            {"inputs": [[[]]]},
            {"inputs": {"a": "x" * 70_000}},
        ]
    ):
        answer = await link.say(key=f"{n:016x}", text=f"no {n}", place=json.dumps({**place, **wrong}))
        assert answer.status_code == 200
        told = (await list_comments(platform.parts, APP)).comments[0].place
        assert told
        assert (told.x, told.url, told.inputs) == (10, "/", {})


@pytest.mark.parametrize("place", ["{", "[]", "1", "[" * 100_000, '{"x": "left"}', '{"x": 1e400}'])
async def test_a_comment_with_a_broken_place_has_none(platform: Platform, link: Link, place: str) -> None:
    assert (await link.say(place=place)).status_code == 200
    told = (await list_comments(platform.parts, APP)).comments[0]
    assert told.place is None or told.place.x is None


async def test_a_picture_is_kept_and_shown_by_the_link(link: Link) -> None:
    sent = await link.say(files={"picture": ("shot.png", io.BytesIO(picture()), "image/png")})
    number = re.search(r'id="comment-(\d+)"', sent.json()["parts"]["comments"])
    assert number
    answer = await link.get(f"/comments/{number[1]}/picture")
    assert (answer.content, answer.headers["content-type"]) == (picture(), "image/png")
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await link.get("/comments/999/picture")).status_code == 404


async def test_what_is_no_picture_is_refused(link: Link) -> None:
    page = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    answer = await link.say(files={"picture": ("shot.png", io.BytesIO(page), "image/png")})
    assert answer.status_code == 422
    assert "picture" in answer.json()["error"]["message"]
    assert "Nobody has said anything yet." in (await link.get()).text


async def test_markup_is_text_wherever_somebody_writes(platform: Platform, link: Link) -> None:
    await link.say(text=MARKUP)
    await link.post("/comments/1/answers", key=KEY, version=1, text=MARKUP)
    await comments.answer(platform.parts, ANNA, APP, 1, AnswerRequest(key="f" * 16, text=MARKUP))
    await link.judge(text=MARKUP, name=MARKUP[:100])
    other = await ask(platform, link.client, name="<b>Rita</b>", script=f"- {MARKUP}")
    for page in ((await link.get()).text, (await other.get()).text):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>Rita</b>" not in page
        assert page.count("</textarea>") == page.count("<textarea")
    assert "&lt;script&gt;alert(1)" in (await link.get()).text


async def test_a_huge_paste_is_refused_in_words_and_nothing_is_kept(link: Link) -> None:
    for answer in (
        await link.say(text="x" * (LONGEST + 1)),
        await link.judge(text="x" * (LONGEST + 1)),
        await link.say(text="x" * 900_000),
    ):
        assert answer.status_code == 422
        assert f"{LONGEST:,} are allowed" in answer.json()["error"]["message"]
    for text in ("x" * 2_000_000, "x" * 10_000_000):
        assert (await link.say(text=text)).status_code in (413, 422)
    assert "Nobody has said anything yet." in (await link.get()).text


@pytest.mark.parametrize("text", ["", "   \r\n ", "\0\0"])
async def test_a_comment_without_words_is_refused(link: Link, text: str) -> None:
    answer = await link.say(text=text)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "The comment is empty."


async def test_lines_stay_lines_and_characters_that_do_harm_go(platform: Platform, link: Link) -> None:
    await link.say(text="one\r\ntwo\0\u202e")
    assert (await list_comments(platform.parts, APP)).comments[0].text == "one\ntwo"


async def test_answers_and_settling(platform: Platform, link: Link) -> None:
    await link.say()
    answered = await link.post(
        "/comments/1/answers", key=KEY.replace("0", "f"), version=1, text="Still wrong"
    )
    assert "Still wrong" in answered.json()["parts"]["comments"]
    settled = await link.post("/comments/1/resolve", version=1)
    assert "Settled (1)" in settled.json()["parts"]["comments"]
    assert (
        "1 comment is open" in (await link.post("/comments/1/reopen", version=1)).json()["parts"]["comments"]
    )


async def test_nobody_else_s_comment_is_settled_by_a_link(platform: Platform, link: Link) -> None:
    await comments.comment(platform.parts, ANNA, APP, 1, CommentRequest(key=KEY, text="Mine"))
    assert "/comments/1/resolve" not in (await link.get()).text
    assert (await link.post("/comments/1/resolve", version=1)).status_code == 403


async def test_comments_of_other_branches_are_not_shown(platform: Platform, link: Link) -> None:
    number = await platform.deploy("main")
    shot = CommentRequest(key=KEY, text="Of another branch")
    await comments.comment(platform.parts, ANNA, APP, number, shot, picture())
    assert "Of another branch" not in (await link.get()).text
    assert (await link.get("/comments/1/picture")).status_code == 404
    assert (await link.post("/comments/1/answers", key=KEY, version=1, text="x")).status_code == 404
    assert (await link.say(version=number)).status_code == 404


async def test_a_verdict_is_recorded_with_what_was_tried(platform: Platform, link: Link) -> None:
    answer = await link.judge("remarks", text="Good, but slow", done=[1])
    assert "You accepted, with remarks," in answer.json()["parts"]["verdict"]
    signed = (await verdicts_of(platform.parts, APP, 1))[0]
    assert (signed.outcome, signed.name, signed.text) == ("remarks", "Rita Moreno", "Good, but slow")
    assert [(step.text, step.done) for step in signed.steps] == [
        ("Choose the region South", False),
        ("Download the table", True),
    ]
    assert signed.meaning in (await link.get()).text.replace("&#39;", "'")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"outcome": ""}, "Your verdict is missing."),
        ({"outcome": "approved"}, "not filled in as expected"),
        ({"name": "  "}, "Your name is missing"),
        ({"name": "x" * 101}, "Your name is missing or too long."),
        ({"seen": "x"}, "not filled in as expected"),
        ({"version": 0}, "not filled in as expected"),
    ],
)
async def test_a_verdict_that_is_not_whole_is_refused(
    platform: Platform, link: Link, changed: dict[str, Any], words: str
) -> None:
    answer = await link.judge(**{"outcome": "accepted", **changed})
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]
    assert await verdicts_of(platform.parts, APP, 1) == []


async def test_only_the_newest_version_is_judged(platform: Platform, link: Link) -> None:
    await platform.deploy("feature-x", BETTER)
    answer = await link.judge()
    assert answer.status_code == 409
    assert "Test version 2 has come instead" in answer.json()["error"]["message"]
    assert await verdicts_of(platform.parts, APP, 1) == []
    older = (await link.get("?version=1")).text
    assert "Only test version 2 can be judged now." in older
    assert "verdict-form" not in older.replace('form="verdict-form"', "")
    assert (await link.say("On the one before")).status_code == 200


async def test_of_two_verdicts_at_once_the_second_is_told(link: Link) -> None:
    assert (await link.judge("accepted")).status_code == 200
    second = await link.judge("rejected")
    assert second.status_code == 409
    assert "Meanwhile a verdict was given" in second.json()["error"]["message"]


async def test_a_code_is_asked_for_where_the_app_wants_to_know_who_it_is(
    platform: Platform, link: Link
) -> None:
    gates = {"reviews": 1, "identified": True}
    await set_gates(platform.parts, ANNA, APP, GatesRequest(gates=gates, reason="audit"))
    page = (await link.get()).text
    assert "this server sends no mail" in page
    assert "/login?next=" in page
    assert (await link.judge()).status_code == 403
    assert (await link.post("/code", version=1)).status_code == 409
    assert await verdicts_of(platform.parts, APP, 1) == []


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
    async with aclosing(review_live.news(request, token, lambda: visit.fragments(1))) as news:
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
