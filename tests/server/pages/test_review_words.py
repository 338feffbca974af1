"""What is said of reviews and comments, and what a form asks for."""

from typing import Any

import pytest
from tests.server.pages import cast
from tests.server.pages import cast_reviews as reviews

from sandbox_server.errors import BadRequest
from sandbox_server.operations.opinions import Opinion
from sandbox_server.pages import review_asking, review_words
from sandbox_server.pages.review_asking import Asking


def said(opinion: Opinion) -> list[str]:
    return [one.words for one in review_words.labels_of(opinion)]


def test_what_people_say_of_a_branch_is_told_in_few_words_the_worst_first() -> None:
    assert said(reviews.opinions()["feature-x"]) == [
        "rejected by Ben",
        "accepted with remarks by Ann Berger",
        "waiting for Dora and Carl",
        "3 open comments",
    ]
    assert said(reviews.opinions()["main"]) == ["accepted by Ann Berger, Ben and 2 more"]
    assert said(Opinion(open_comments=1)) == ["1 open comment"]
    assert said(Opinion()) == []


def test_states_differ_by_shape_and_not_by_colour_alone() -> None:
    opinion = Opinion(("A",), ("B",), ("C",), ("D",), 1)
    shapes = [one.shape for one in review_words.labels_of(opinion)]
    assert len(set(shapes)) == len(shapes)


def test_branches_come_with_their_links_and_comments_those_of_no_use_apart() -> None:
    first, second = reviews.asked()[:2]
    assert (first.branch, second.branch) == ("fix-totals", "feature-x")
    assert [one.name for one in second.links] == ["Dora", "Carl", "Ben", "Ann Berger"]
    assert [one.name for one in second.past] == ["Ann Berger", "Finn"]
    assert len(second.comments) == 3


def test_a_branch_that_was_removed_still_has_its_reviews() -> None:
    (gone,) = review_words.by_branch([], {}, [reviews.review(branch="gone")], [])
    assert (gone.branch, gone.shown, len(gone.links)) == ("gone", None, 1)


def test_a_verdict_on_an_earlier_version_is_not_one_on_this() -> None:
    review = reviews.review(verdicts=[reviews.verdict(number=40)])
    assert review_words.verdict_on(review, cast.deployment(42)) is None
    before = review_words.earlier(review, cast.deployment(42))
    assert before is not None
    assert before.deployment == 40
    assert review_words.verdict_on(review, cast.deployment(40)) == before


@pytest.mark.parametrize(
    "url",
    ["", "/", "//evil.test/x", "/\\evil.test", "\\\\evil.test", "///", "/?a=1#b", "/../x", "/\t/evil.test"],
)
def test_the_place_of_a_comment_never_leads_to_another_host(url: str) -> None:
    place = reviews.place(url=url)
    there = review_words.url_in("http://d42--sales-dashboard.apps.localhost:8080/", place)
    assert there.startswith("http://d42--sales-dashboard.apps.localhost:8080/")


def test_inputs_are_lines_whatever_they_hold() -> None:
    shown = {one.name: one for one in review_words.inputs(reviews.place())}
    assert shown["years"].value == "[2024, 2026]"
    assert shown["region"].value == "North"
    assert shown["split"].value == "false"
    assert shown["note"].long
    assert len(shown["note"].begin) < len(shown["note"].value)
    assert review_words.inputs(None) == []


@pytest.mark.parametrize(
    ("x", "y", "spot"),
    [
        (10, 10, "top left"),
        (500, 320, "middle"),
        (990, 639, "bottom right"),
        (500, 10, "top middle"),
        (None, None, ""),
    ],
)
def test_a_picture_is_told_to_those_who_do_not_see_it(x: float | None, y: float | None, spot: str) -> None:
    words = review_words.picture_words(reviews.comment(place=reviews.place(x=x, y=y)))
    assert words.startswith("Picture of d41 as Ann Berger had it")
    assert ("the point meant" in words) == bool(spot)
    assert spot in words


def test_somebody_is_asked_again_by_a_form_that_knows_them() -> None:
    review = reviews.review(branch="fix/a&b", email="a+b@example.com")
    assert review_words.ask_again(review) == (
        "/apps/sales-dashboard/reviews/new?branch=fix%2Fa%26b&name=Ann+Berger&email=a%2Bb%40example.com"
    )


def asking(**said: str) -> Asking:
    return Asking(**{"branch": "main", "name": "Ann", "email": "ann@example.com", **said})


def test_a_script_that_was_left_alone_goes_on_to_follow_the_app() -> None:
    same = asking(script="- One\r\n- Two\r\n", prefilled="- One\n- Two")
    assert review_asking.to_request(same).script == ""
    other = asking(script="- One\r\n- Three", prefilled="- One\n- Two")
    assert review_asking.to_request(other).script == "- One\n- Three"
    assert review_asking.to_request(asking()).expires == "7d"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": ""}, "The name is missing or too long."),
        ({"email": ""}, "The mail address is missing"),
        ({"script": "x" * 20_001}, "What to try is missing or too long."),
    ],
)
def test_what_is_missing_is_named(said: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        review_asking.to_request(asking(**said))
