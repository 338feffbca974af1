"""What comes of what somebody says by a review link: comments, answers, verdicts; and what is refused."""

import io
import json
import re
from typing import Any

import pytest
from tests.server.cast import ANNA, APP
from tests.server.pages.links import (
    BETTER,
    KEY,
    MARKUP,
    Link,
    ask,
    link,
    picture,
    platform,
)
from tests.server.platform import Platform

from sandbox_server.operations import comment as comments
from sandbox_server.operations.comments import list_comments
from sandbox_server.operations.gates import set_gates
from sandbox_server.operations.reviews import verdicts_of
from sandbox_server.pages.review_forms import LONGEST
from sandbox_server.wire_review import AnswerRequest, CommentRequest, GatesRequest

__all__ = ["link", "platform"]  # fixtures

pytestmark = pytest.mark.anyio


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


async def test_what_is_not_there_is_told_without_a_command(link: Link) -> None:
    for path, form in (
        ("/comments/99/resolve", {"version": 1}),
        ("/comments/99/answers", {"version": 1, "key": KEY, "text": "Where?"}),
        ("/comments", {"version": 99, "key": KEY, "text": "Where?"}),
    ):
        answer = await link.post(path, **form)
        assert answer.status_code == 404
        assert "Open your link again." in answer.text
        assert "sandbox " not in answer.text


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
    told = await link.post("/comments", by_script=False, key=KEY, version=1, text="x" * 10_000_000)
    assert told.status_code == 413
    assert f'href="{link.path}">Back to the review</a>' in told.text
    assert "All apps" not in told.text
    asked = await link.say(text="x" * 10_000_000)
    assert asked.json()["error"]["message"] == "What you sent is too large."
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
        ({"name": "x" * 101}, "Your name is too long."),
        ({"name": " "}, "Your name is missing."),
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


async def test_of_many_answers_the_newest_are_listed_and_a_page_has_all(
    platform: Platform, link: Link
) -> None:
    await link.say()
    for n in range(7):
        await link.post("/comments/1/answers", key=f"{n:016x}", version=1, text=f"Answer no. {n}")
    listed = (await link.get()).text
    assert [n for n in range(7) if f"Answer no. {n}" in listed] == [2, 3, 4, 5, 6]
    assert f'href="{link.path}/comments/1"' in listed
    assert "7 answers" in listed
    assert "the newest 5" in listed
    whole = await link.get("/comments/1")
    assert [n for n in range(7) if f"Answer no. {n}" in whole.text] == list(range(7))
    assert "The sum is wrong" in whole.text
    assert f'href="{link.path}?version=1#comments"' in whole.text


async def test_without_scripts_the_key_of_the_next_answer_is_another_one_however_many_there_are(
    platform: Platform, link: Link
) -> None:
    await link.say()
    for n in range(8):
        found = re.search(
            r'/comments/1/answers".*?name="key" value="(\w+)"', (await link.get()).text, re.DOTALL
        )
        assert found
        await link.post(
            "/comments/1/answers", by_script=False, key=found[1], version=1, text=f"Answer no. {n}"
        )
    assert (await list_comments(platform.parts, APP)).comments[0].answered == 8


async def test_nobody_learns_which_comments_there_are_elsewhere(platform: Platform, link: Link) -> None:
    number = await platform.deploy("main")
    await comments.comment(platform.parts, ANNA, APP, number, CommentRequest(key=KEY, text="Else"), picture())
    for rest in ("", "/picture"):
        elsewhere, nowhere = await link.get(f"/comments/1{rest}"), await link.get(f"/comments/999{rest}")
        assert (elsewhere.status_code, nowhere.status_code) == (404, 404)
        assert elsewhere.text == nowhere.text
