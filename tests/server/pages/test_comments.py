"""The pages of comments, for publishers."""

import html
import json
import re

import pytest
from sqlmodel import select
from tests.server.commenting import png
from tests.server.pages import cast_reviews, reviewers
from tests.server.pages.platform import Platform
from tests.server.pages.test_pages import APP, see

from sandbox_server import wire_review
from sandbox_server.pages.rendering import render
from sandbox_server.store import apps
from sandbox_server.store.tables_review import Comment

pytestmark = pytest.mark.anyio

ORIGIN = {"Origin": "https://sandbox.localhost"}
KEY = "a" * 32


def page(comment: wire_review.CommentDetail, **changes: object) -> str:
    return render("pages/comment.html", **cast_reviews.comment_page(comment, **changes))


async def commented(platform: Platform, text: str = "Totals are empty", picture: bytes = b"") -> int:
    """d1 of feature-x has a comment by Ann; its id."""
    await platform.log_in()
    await platform.push("feature-x", "Show margins")
    review = await reviewers.ask(platform, "Ann", "feature-x")
    inputs = {"region": "North", "top": 12}
    said = await reviewers.remark(
        platform,
        review,
        1,
        text,
        picture,
        url="/?tab=2#map",
        width=1000,
        height=640,
        x=250,
        y=160,
        inputs=inputs,
    )
    return said.id


# What is shown


def test_a_comment_is_shown_with_all_that_was_kept_of_its_moment() -> None:
    shown = page(cast_reviews.comment())
    assert "The totals of region North are empty here" in shown
    assert "/?tab=totals#map" in shown
    assert "1000 × 640" in shown
    assert ">region</th>" in shown
    assert "Error in renderPlot(expr)" in shown
    assert "Is it so for 2025 alone, too?" in shown
    assert '<span class="tag">reviewer</span>' in shown
    assert "Open with these inputs" in shown
    assert "Open in d42, the newest" in shown


def test_the_point_is_marked_in_shares_of_the_picture() -> None:
    shown = page(cast_reviews.comment())
    assert 'cx="61.8%"' in shown
    assert 'cy="33.4375%"' in shown
    assert (
        'alt="Picture of d41 as Ann Berger had it; the point meant is at the middle: 618, 214 of 1000 by 640'
        in shown
    )


@pytest.mark.parametrize(
    ("state", "why", "words"),
    [
        ("waiting", "", "The picture is being taken."),
        ("failed", "the app did not come up", "No picture could be taken: the app did not come up"),
        ("none", "", "There is no picture."),
        ("given", "", "Given by Ann Berger."),
        ("taken", "Two inputs could not be set.", "Two inputs could not be set."),
    ],
)
def test_it_is_said_what_became_of_the_picture(state: str, why: str, words: str) -> None:
    shown = page(cast_reviews.comment(picture_state=state, picture_why=why))
    assert words in shown
    assert ("<img" in shown) == (state in ("taken", "given"))


def test_a_given_picture_has_no_mark_as_it_may_show_anything() -> None:
    assert 'class="pin"' not in page(cast_reviews.comment(picture_state="given"))


def test_without_a_place_there_is_nothing_to_open() -> None:
    shown = page(cast_reviews.comment(place=None, picture_state="none"), open_in=[])
    assert "Open with these inputs" not in shown
    assert "Inputs" not in shown


def test_markup_is_text_in_every_field() -> None:
    evil = cast_reviews.MARKUP
    place = cast_reviews.place(
        url=f"/{evil}", inputs={evil: evil, "long": evil * 20, "table": {evil: [evil]}}
    )
    answer = wire_review.Answer(id=1, name=evil, user="", text=evil, at=cast_reviews.cast.NOW)
    comment = cast_reviews.comment(text=evil, name=evil, place=place, answers=[answer], picture_why=evil)
    for shown in (
        page(comment),
        page(comment.model_copy(update={"resolved_by": evil, "resolved_at": answer.at})),
    ):
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert html.escape(evil) in shown


# Over a server in memory


async def test_without_comments_the_page_says_what_to_do(platform: Platform) -> None:
    await platform.log_in()
    await platform.push("feature-x", "Show margins")
    assert "Nothing is open" in await see(platform, f"{APP}/comments")
    assert "Ask somebody to try it." in await see(platform, f"{APP}/comments?every=1")
    await see(platform, f"{APP}/comments/1", 404)
    await see(platform, f"{APP}/comments?branch=unknown", 404)


async def test_a_comment_is_answered_resolved_and_opened_again(platform: Platform) -> None:
    path = f"{APP}/comments/{await commented(platform)}"
    key = re.search(r'name="key" value="([0-9a-f]{32})"', await see(platform, path))
    assert key is not None
    for _ in range(2):
        assert await platform.post(f"{path}/answer", key=key[1], text="Which year?") == 303
    shown = await see(platform, path)
    assert shown.count("Which year?") == 1
    assert await platform.post(f"{path}/resolve") == 303
    shown = await see(platform, path)
    assert "<b>resolved</b> by anna" in shown
    assert "Answer and resolve" not in shown
    assert "Nothing is open" in await see(platform, f"{APP}/comments")
    assert "Totals are empty" in await see(platform, f"{APP}/comments?every=1")
    assert await platform.post(f"{path}/reopen") == 303
    assert await platform.post(f"{path}/answer", key=KEY, text="Mended in d2.", then="resolve") == 303
    shown = await see(platform, path)
    assert "Mended in d2." in shown
    assert "<b>resolved</b>" in shown


async def test_an_empty_answer_is_refused_in_words(platform: Platform) -> None:
    path = f"{APP}/comments/{await commented(platform)}"
    for fields in (
        {"key": KEY, "text": "  "},
        {"key": "no", "text": "x"},
        {"key": KEY, "text": "x" * 10_001},
    ):
        answer = await platform.client.post(f"{path}/answer", data=fields, headers=ORIGIN)
        assert answer.status_code == 422
        assert "<h1>" in answer.text


async def test_its_picture_is_shown_as_nothing_but_a_picture(platform: Platform) -> None:
    path = f"{APP}/comments/{await commented(platform, picture=png(40, 30))}"
    answer = await platform.client.get(f"{path}/picture")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == png(40, 30)
    assert f'src="{path}/picture"' in await see(platform, path)
    platform.client.cookies.clear()
    assert (await platform.client.get(f"{path}/picture")).status_code == 303


async def test_the_app_is_opened_in_a_frame_and_only_there(platform: Platform) -> None:
    path = f"{APP}/comments/{await commented(platform)}"
    answer = await platform.client.get(f"{path}/open")
    policy = answer.headers["content-security-policy"]
    assert "frame-src https://d1--sales-dashboard.apps.localhost;" in f"{policy};"
    assert "frame-src" not in (await platform.client.get(path)).headers["content-security-policy"]
    assert 'src="https://d1--sales-dashboard.apps.localhost/?tab=2#map"' in answer.text
    assert "allow-top-navigation" not in answer.text
    assert 'referrerpolicy="no-referrer"' in answer.text
    told = re.search(r'data-restore="([^"]+)"', answer.text)
    assert told is not None
    assert json.loads(html.unescape(told[1]))["inputs"] == {"region": "North", "top": 12}


async def test_the_place_can_be_looked_at_in_the_newest_version_too(platform: Platform) -> None:
    path = f"{APP}/comments/{await commented(platform)}"
    await platform.push("feature-x", "Mended", code="shinyApp(a, b)")
    assert "Open in d2, the newest" in await see(platform, path)
    shown = await see(platform, f"{path}/open?version=2")
    assert "d2 with what Ann had set in d1" in shown
    await platform.push("other", "Something else", code="shinyApp(c, d)")
    await see(platform, f"{path}/open?version=3", 409)
    await see(platform, f"{path}/open?version=99", 409)


async def test_ten_thousand_comments_are_shown_by_the_page(platform: Platform) -> None:
    first = await commented(platform)
    async with platform.parts.store.write() as tx:
        row = (await tx.exec(select(Comment).where(Comment.id == first))).one()
        app = await apps.get(tx, "sales-dashboard")
        rows = [
            Comment(
                app_id=app.id or 0, branch_id=row.branch_id, deployment_id=row.deployment_id, key=f"{n:032x}",
                name="Ann", text=f"Comment {n}", created_at=row.created_at, review_id=row.review_id,
                place=row.place, log=row.log,
            )
            for n in range(10_000)
        ]  # fmt: skip
        tx.add_all(rows)
    shown = await see(platform, f"{APP}/comments")
    assert "10,001 open" in shown
    assert shown.count('class="remark"') == 50
    older = re.search(r'href="(\?[^"]*before=\d+)">Older', shown)
    assert older is not None
    second = await see(platform, f"{APP}/comments{html.unescape(older[1])}")
    assert "Comment 9949<" in second
    assert "Comment 9950<" not in second
    assert "Newest</a>" in second
    assert "10001 open comments" in await see(platform, APP)
    assert "All 10001 open comments of feature-x" in await see(platform, f"{APP}/reviews")


async def test_comments_of_another_app_are_not_shown(platform: Platform) -> None:
    id_ = await commented(platform, picture=png())
    for path in ("", "/open", "/picture"):
        await see(platform, f"/apps/weather/comments/{id_}{path}", 404)
    for verb in ("resolve", "reopen"):
        assert await platform.post(f"/apps/weather/comments/{id_}/{verb}") == 404
    assert "<b>open</b>" in await see(platform, f"{APP}/comments/{id_}")
