"""The pages of reviews, for publishers."""

import hashlib
import html
import re
from datetime import timedelta
from typing import Any

import pytest
from tests.server.pages import cast, cast_reviews, reviewers
from tests.server.pages.platform import ANNA, Platform, archive, chunks
from tests.server.pages.test_pages import APP, see

from sandbox_server import wire
from sandbox_server.operations.push import push
from sandbox_server.pages.rendering import render
from sandbox_server.post import Letter
from sandbox_server.store.tables_review import Review

pytestmark = pytest.mark.anyio

UAT = "# Try it\n\n- Choose a region\n- Look at the totals\n"


class Postbox:
    """A mail server that takes everything."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def post(self, letter: Letter) -> None:
        self.letters.append(letter)


def shown(**changes: Any) -> str:
    return render("pages/reviews.html", **cast_reviews.reviews_page(**changes))


def section(page: str, branch: str) -> str:
    return page.partition(f">{branch}</h2>")[2].partition("</section>")[0]


async def a_branch(platform: Platform) -> None:
    await platform.log_in()
    await platform.push("feature-x", "Show margins")


async def ask(platform: Platform, **fields: str) -> str:
    """Where the form leads."""
    answer = await platform.client.post(
        f"{APP}/reviews/new", data={"branch": "feature-x", "name": "Ann", "email": "ann@example.com", **fields},
        headers={"Origin": "https://sandbox.localhost"},
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


# What is shown


def test_a_branch_tells_who_was_asked_what_they_said_and_what_is_open() -> None:
    part = section(shown(), "feature-x")
    for words in ("rejected by Ben", "accepted with remarks by Ann Berger", "waiting for Dora and Carl"):
        assert words in part
    assert "Totals of region North are empty.\nSee my comment." in part
    assert "no verdict on d42 yet" in part
    assert "earlier: rejected" in part
    assert "Legend overlaps the map." in part
    assert "mail was not sent: the mail server did not answer" in part
    assert "mail is being sent" in part
    assert "2 links of no use any more" in part


def test_only_links_that_work_can_be_copied_and_revoked() -> None:
    page = shown()
    assert page.count("data-copy=") == page.count("Revoke…") == 5
    assert 'href="/apps/sales-dashboard/reviews/1/revoke"' not in page


def test_what_people_wrote_is_text() -> None:
    said = cast_reviews.verdict("rejected", text=cast_reviews.MARKUP, name=cast_reviews.MARKUP)
    link = cast_reviews.review(name=cast_reviews.MARKUP, email=cast_reviews.MARKUP, verdicts=[said])
    comment = cast_reviews.comment(text=cast_reviews.MARKUP, name=cast_reviews.MARKUP)
    asked = cast_reviews.review_words.by_branch(cast.branches(), {}, [link], [comment])
    page = shown(asked=asked)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert html.escape(cast_reviews.MARKUP) in page


# Over a server in memory


async def test_without_reviews_the_page_says_what_to_do_first(platform: Platform) -> None:
    await a_branch(platform)
    page = await see(platform, f"{APP}/reviews")
    assert "Nobody was asked yet" in page
    assert f'href="{APP}/reviews/new"' in page
    assert "sandbox review request --app sales-dashboard" in page
    assert "Nobody was asked to try feature-x yet" in await see(platform, f"{APP}/reviews?branch=feature-x")
    await see(platform, f"{APP}/reviews?branch=unknown", 404)
    await see(platform, "/apps/unknown/reviews", 404)


async def test_a_review_is_requested_and_its_link_is_shown_in_full(platform: Platform) -> None:
    await a_branch(platform)
    page = await see(platform, f"{APP}/reviews/new")
    assert "Request a review of feature-x" in page
    assert '<option value="7d" selected>' in page
    assert "This server has no mail server" in page
    assert "is as open as this server" in page
    page = await see(platform, await ask(platform))
    (link,) = set(re.findall(r'data-copy="([^"]+)"', page))
    assert link.startswith("https://sandbox.localhost/r/1.")
    assert f">{link}</code>" in page
    assert "no mail was sent; copy the link" in page
    listed = await see(platform, f"{APP}/reviews")
    assert link in listed
    assert "no verdict on d1 yet" in listed


async def test_the_form_says_whether_a_mail_goes_out(platform: Platform) -> None:
    await a_branch(platform)
    platform.parts.post = Postbox()
    page = await see(platform, f"{APP}/reviews/new")
    assert "This server sends the link by mail" in page
    assert "Send the link" in page


async def test_the_script_is_filled_in_from_the_app_and_kept_only_if_it_was_changed(
    platform: Platform,
) -> None:
    await platform.log_in()
    data = archive({"app.R": "library(shiny)\nshinyApp(ui, server)\n", "uat.md": UAT})
    digest = hashlib.sha256(data).hexdigest()
    await platform.parts.bundles.receive(digest, chunks(data), lambda path: None)
    await push(platform.parts, ANNA, "sales-dashboard", wire.Push(bundle=digest, branch="feature-x"))
    async for _ in platform.parts.bell.rings(every=0.2):
        if "Request a review of feature-x" in (page := await see(platform, f"{APP}/reviews/new")):
            break
    script = "- Choose a region\n- Look at the totals"
    assert f">{script}</textarea>" in page
    first = await ask(platform, script=script.replace("\n", "\r\n"), prefilled=script)
    second = await ask(platform, script="- Only this", prefilled=script)
    assert [await kept(platform, path) for path in (first, second)] == ["", "- Only this"]


async def kept(platform: Platform, path: str) -> str:
    async with platform.parts.store.read() as tx:
        return (await tx.get_one(Review, int(path.rpartition("/")[2]))).script


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": "nobody"}, "is not one mail address"),
        ({"email": "a@example.com, b@example.com"}, "is not one mail address"),
        ({"name": "  "}, "has a name"),
        ({"expires": "200d"}, "90 days at most"),
        ({"script": "x" * 20_001}, "What to try is missing or too long."),
    ],
)
async def test_what_is_refused_is_said_and_nothing_typed_is_lost(
    platform: Platform, fields: dict[str, str], words: str
) -> None:
    await a_branch(platform)
    sent = {
        "branch": "feature-x",
        "name": "Ann",
        "email": "ann@example.com",
        "script": "- My own <b>",
        **fields,
    }
    answer = await platform.client.post(
        f"{APP}/reviews/new", data=sent, headers={"Origin": "https://sandbox.localhost"}
    )
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{sent["email"]}"' in answer.text
    assert f">{html.escape(sent['script'])}</textarea>" in answer.text
    assert "Nobody was asked yet" in await see(platform, f"{APP}/reviews")


async def test_with_several_branches_the_form_asks_which(platform: Platform) -> None:
    await a_branch(platform)
    await platform.push(code="shinyApp(a, b)")
    page = await see(platform, f"{APP}/reviews/new")
    assert "Of which branch?" in page
    assert 'href="?branch=feature-x"' in page
    assert "Request a review of main" in await see(platform, f"{APP}/reviews/new?deployment=2")
    assert "Of which branch?" in await see(platform, f"{APP}/reviews/new?branch=unknown")


async def test_a_branch_that_went_meanwhile_is_said(platform: Platform) -> None:
    await a_branch(platform)
    answer = await platform.client.post(
        f"{APP}/reviews/new", data={"branch": "gone", "name": "Ann", "email": "ann@example.com"},
        headers={"Origin": "https://sandbox.localhost"},
    )  # fmt: skip
    assert answer.status_code == 404
    assert "has no branch" in answer.text
    assert 'role="alert"' in answer.text


async def test_revoking_asks_first_and_offers_to_ask_again(platform: Platform) -> None:
    await a_branch(platform)
    review = await reviewers.ask(platform, "Ann", "feature-x")
    await reviewers.judge(platform, review, "accepted", 1)
    page = await see(platform, f"{APP}/reviews/1/revoke")
    assert "What was said stays: 1 verdict." in page
    assert "Verdicts that came by it stay and count." in page
    assert "push feature-x again: the new version starts without verdicts" in page
    assert "you can ask Ann once more" in page
    assert await platform.post(f"{APP}/reviews/1/revoke") == 303
    page = await see(platform, f"{APP}/reviews/1")
    assert "The link was revoked" in page
    assert review.url not in page
    again = html.unescape(page.partition('<a class="button" href="')[2].partition('"')[0])
    form = await see(platform, again)
    assert 'value="ann@example.com"' in form
    assert "opens nothing" in await see(platform, f"{APP}/reviews/1/revoke")


async def test_the_app_the_deployment_and_the_overview_tell_what_people_say(platform: Platform) -> None:
    await a_branch(platform)
    review = await reviewers.ask(platform, "Ann", "feature-x")
    await reviewers.judge(platform, review, "accepted", 1)
    await reviewers.remark(platform, review, 1)
    for path in (APP, f"{APP}/deployments/1"):
        page = await see(platform, path)
        assert "accepted by Ann" in page
        assert "1 open comment" in page
        assert "Request a review" in page
    assert "1 open comment" in await see(platform, "/")


async def test_an_expired_link_is_among_those_of_no_use(platform: Platform) -> None:
    await a_branch(platform)
    review = await reviewers.ask(platform, "Ann", "feature-x")
    async with platform.parts.store.write() as tx:
        row = await tx.get_one(Review, review.id)
        row.expires_at = platform.parts.clock() - timedelta(hours=3)
        tx.add(row)
    page = await see(platform, f"{APP}/reviews")
    assert "1 link of no use any more" in page
    assert "expired" in page
    assert "data-copy" not in section(page, "feature-x")
    assert "The link expired" in await see(platform, f"{APP}/reviews/{review.id}")


async def test_reviews_of_another_app_are_not_shown(platform: Platform) -> None:
    await a_branch(platform)
    review = await reviewers.ask(platform, "Ann", "feature-x")
    digest = await platform.upload("shinyApp(a, b)")
    await push(platform.parts, ANNA, "weather", wire.Push(bundle=digest, branch="main"))
    for path in ("", "/live", "/revoke"):
        answer = await platform.client.get(f"/apps/weather/reviews/{review.id}{path}")
        assert review.url not in answer.text
    await see(platform, f"/apps/weather/reviews/{review.id}", 404)
    assert await platform.post(f"/apps/weather/reviews/{review.id}/revoke") == 404
    assert "works until" in await see(platform, f"{APP}/reviews/{review.id}")
