"""The pages of a release: before, may it go and what it brings; after, who did it and against what."""

import re
from typing import Any

import pytest
from tests.server.pages import cast
from tests.server.pages.cast_release import gates_page, preview, promote_page, report, verdicts
from tests.server.pages.test_session_pages import text_of

from sandbox_server import wire, wire_review
from sandbox_server.domain.gates import parse
from sandbox_server.errors import BadConfig
from sandbox_server.pages import forms, gates_form, sizes, words
from sandbox_server.pages.rendering import render
from sandbox_server.wire_review import Batch

NO_COMMENTS = wire_review.Comments(comments=[], open=0)


def promote(**changes: Any) -> str:
    return render("pages/promote.html", **promote_page(**changes), caller=None)


def held(**changes: Any) -> wire_review.Preview:
    return preview(gates=report(**changes))


# Before


def test_the_page_is_read_in_the_order_in_which_one_decides() -> None:
    titles = re.findall(r'<h2 id="[a-z-]+-title">([^<]*)</h2>', promote())
    assert titles == [
        "May it go?", "What changes", "How big is it?", "Who said what", "Checks", "The switch",
    ]  # fmt: skip


def test_what_is_missing_is_told_with_what_to_do() -> None:
    html = promote(preview=held())
    shown = text_of(html)
    assert "Not yet: 2 things are missing." in shown
    assert "Missing 1 of 2 reviews is there. Ask for one: sandbox review request d42" in shown
    assert 'href="/apps/sales-dashboard/reviews/new?branch=feature-x"' in html
    assert "There The smoke check passed." in shown


def test_what_is_missing_cannot_be_released_by_everybody() -> None:
    html = promote(preview=held())
    assert "<form method" not in html.partition('id="main"')[2]
    assert "d42 cannot be released yet." in html


def test_who_may_override_is_asked_for_a_reason_and_told_that_it_stays() -> None:
    html = promote(preview=held(may_override=True))
    assert 'name="override" value="true"' in html
    assert re.search(r'<input type="text" id="reason"[^>]* required>', html)
    assert "It will stand in red in the history of sales-dashboard for good" in html
    assert "Override, and promote d42" in html
    assert 'name="how"' in html


def test_open_gates_ask_for_no_override() -> None:
    html = promote()
    assert 'name="override"' not in html
    assert "Yes: everything that sales-dashboard asks for is there." in html
    nothing = promote(preview=held(missing=False, met=False))
    assert "Yes: sales-dashboard asks for nothing before a release." in nothing


def test_a_candidate_passes_the_gates_again_before_it_gets_more() -> None:
    candidate = cast.release(8, 42, share=10, in_force=False)
    tried = cast.app_detail(candidate=candidate, seen=8)
    html = promote(app=tried, share=50, preview=held(may_override=True))
    assert "Override, and change the share" in html
    html = promote(app=tried, share=100, preview=held(may_override=True))
    assert "Override, and release d42 to all" in html


def test_giving_up_needs_no_gate() -> None:
    candidate = cast.release(8, 42, share=10, in_force=False)
    html = promote(app=cast.app_detail(candidate=candidate, seen=8), share=0, preview=held())
    assert "May it go?" not in html
    assert "Give up d42</button>" in html


def test_what_the_bundle_changes_in_the_gates_is_shown_as_a_difference() -> None:
    html = promote(preview=held(proposal=["- reviews = 2", "+ reviews = 1"]))
    assert '<li class="minus break">- reviews = 2</li>' in html
    assert '<li class="plus break">+ reviews = 1</li>' in html


def test_variables_that_nobody_saw_are_marked_in_words() -> None:
    html = promote(preview=preview(unreviewed=["PRICE_TABLE"]))
    assert "changed since the last acceptance, or since the push PRICE_TABLE not reviewed" in text_of(html)


def test_a_release_with_changed_variables_alone_changes_something() -> None:
    nothing = wire.Diff(app="sales-dashboard", a=39, b=42, commits=[], files=[], packages=[], variables=[])
    assert "Nothing differs" in promote(diff=nothing)
    assert "Nothing differs" not in promote(diff=nothing, preview=preview(unreviewed=["DB_HOST"]))


def test_the_size_stands_beside_what_is_usual() -> None:
    shown = text_of(promote())
    assert "31 commits , usually 4 more than usual" in shown
    assert "1,842 lines , usually 210 more than usual" in shown
    assert "9 files , usually 7" in shown
    assert "9 files , usually 7 more" not in shown


def test_without_a_habit_the_size_stands_alone() -> None:
    shown = text_of(promote(preview=preview(usual=None)))
    assert "There are too few releases to say what is usual." in shown
    assert "usually" not in shown


@pytest.mark.parametrize(
    ("value", "often", "large"), [(8, 4, False), (9, 4, True), (2, 0, False), (3, 0, True), (0, 0, False)]
)
def test_large_is_more_than_twice_the_usual(value: int, often: int, large: bool) -> None:
    nothing = {"lines": None, "files": None, "days": None}
    (found,) = sizes.measures(Batch(commits=value, **nothing), Batch(commits=often, **nothing))
    assert found.large is large
    assert 0 <= found.width <= 100
    assert 0 <= found.mark <= 100


def test_verdicts_are_told_with_who_how_and_what_was_signed() -> None:
    shown = text_of(promote(preview=preview(verdicts=verdicts())))
    assert "Ben Okoro accepted" in shown
    assert "ben@example.com, proved by a code sent to that address; 2 of 3 steps tried" in shown
    assert "Cleo Marten accepted with remarks" in shown
    assert "known by the link alone" in shown
    assert "Dana Weiß rejected" in shown
    assert "logged in as dana" in shown
    assert "another verdict stands in its place" in shown
    assert "I have tried test version 42 of Sales dashboard and accept that it goes live." in shown


def test_of_very_many_verdicts_the_newest_are_shown() -> None:
    many = [verdicts()[0].model_copy(update={"id": n}) for n in range(60)]
    html = promote(preview=preview(verdicts=many))
    assert html.count('class="who-said"') == 20
    assert "and 40 earlier ones" in html


def test_open_comments_say_on_which_deployment_they_were_made() -> None:
    html = promote()
    assert "3 comments are still open on feature-x" in html
    assert 'href="/apps/sales-dashboard/comments/8"' in html
    assert "on d41" in html
    assert "still open" not in promote(comments=NO_COMMENTS)


def test_nobody_said_anything_yet() -> None:
    html = promote(preview=preview(verdicts=[]), comments=NO_COMMENTS)
    assert "Nobody has accepted or rejected d42 yet." in html
    assert "sandbox review request d42" in html


def test_what_the_form_says_becomes_the_request() -> None:
    form = forms._Promote(seen=7, override=True, reason="the shops wait")
    assert forms.to_promote(form, 42) == wire.ReleaseRequest(
        deployment=42, seen=7, override=True, reason="the shops wait"
    )


# After


def against(**changes: Any) -> wire.Release:
    return cast.release(
        override=["It needs 1 review, and has none."], reason="the shops wait", since_push=7200.0,
        verdicts={"accepted": ["Ben", "Cleo"], "rejected": ["Dana"]}, **changes,
    )  # fmt: skip


def test_an_override_is_marked_by_word_and_shape_wherever_the_release_is() -> None:
    lane = lane_of([against(), *cast.releases()[1:]])
    assert "overridden : 1 thing was missing" in text_of(lane)
    assert 'class="against"' in lane
    assert "overridden , although: It needs 1 review, and has none." in text_of(lane)
    row = lane.partition('class="against"')[2].partition("</tr>")[0]
    assert '<path d="M2 2l8 8M10 2l-8 8"' in row


def test_the_history_says_how_long_the_way_was_and_who_had_said_what() -> None:
    shown = text_of(lane_of([against(), *cast.releases()[1:]]))
    assert "anna, 3 h ago , 2 h after the push" in shown
    assert "rejected by Dana accepted by Ben and Cleo" in shown


def test_every_earlier_release_can_be_gone_back_to_with_one_click() -> None:
    lane = lane_of(cast.releases())
    for number in (6, 5, 4, 3, 2, 1):
        assert f'href="/apps/sales-dashboard/rollback?to={number}"' in lane


def test_how_a_release_went_says_who_why_how_long_and_against_what() -> None:
    done = cast.job(status="done", seconds=1.2, left_sessions=4, release=against())
    shown = text_of(render("pages/job.html", app="sales-dashboard", job=done, caller=None))
    assert "By anna, 3 h ago Why the shops wait From the push 2 h" in shown
    assert "Gates overridden , although: It needs 1 review, and has none." in shown


def test_a_rollback_has_no_way_from_the_push() -> None:
    done = cast.job(status="done", kind="rollback", release=cast.release(kind="rollback", returns_to=3))
    shown = text_of(render("pages/job.html", app="sales-dashboard", job=done, caller=None))
    assert "From the push" not in shown
    assert "Verdicts" not in shown


def test_an_override_is_red_in_the_history_of_events_too() -> None:
    event = wire.Event(
        at=cast.NOW, by="anna", action="release.overridden", app="sales-dashboard", subject="release 7", old="",
        new="It needs 1 review, and has none.", reason="the shops wait",
    )  # fmt: skip
    html = render("fragments/deployment_facts.html", d=cast.deployment(), events=[event])
    assert 'class="break state state-trouble"' in html
    assert "was made by anna against the gates. What was missing: It needs 1 review" in html


def test_a_deployment_keeps_its_verdicts_when_its_branch_shows_another() -> None:
    old = cast.deployment(current=False, status=wire.Status.retired)
    html = render("fragments/deployment_verdicts.html", d=old, verdicts=verdicts())
    assert html.count('class="who-said"') == 4
    assert "They stay with d42 for good" in html


def test_a_deployment_without_verdicts_says_what_to_do_or_that_it_is_too_late() -> None:
    html = render("fragments/deployment_verdicts.html", d=cast.deployment(), verdicts=[])
    assert "sandbox review request d42" in html
    html = render("fragments/deployment_verdicts.html", d=cast.deployment(current=False), verdicts=[])
    assert "it cannot be judged any more" in html
    assert "sandbox review request" not in html


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([], ""),
        (["Ben"], "Ben"),
        (["Ben", "Cleo"], "Ben and Cleo"),
        (["Ben", "Cleo", "Dana"], "Ben, Cleo and Dana"),
        (["Ben", "Cleo", "Dana", "Emil", "Finn"], "Ben, Cleo and 3 more"),
    ],
)
def test_names_are_written_as_people_write_them(people: list[str], said: str) -> None:
    assert words.names(people) == said


# Gates


def test_gates_are_told_in_sentences_with_their_proposals() -> None:
    shown = text_of(render("pages/gates.html", **gates_page(), caller=None))
    assert "The smoke check has passed." in shown
    assert "Adopted with release 4, of d36." in shown
    assert "feature-x would change this with the release of d42 - reviews = 2 + reviews = 1" in shown
    assert "set by carla , “holidays”" in shown


def test_what_gates_cannot_see_is_told_where_they_are_shown() -> None:
    note = "ann has no mail address here (`sandboxd user email ann ADDRESS`)."
    told = gates_page()["gates"].model_copy(update={"notes": [note]})
    pages = (
        render("pages/gates.html", **gates_page(gates=told), caller=None),
        promote(preview=held(notes=[note])),
    )
    for page in pages:
        assert "ann has no mail address here ( sandboxd user email ann ADDRESS )" in text_of(page)


def test_only_who_may_set_gates_sees_the_form() -> None:
    assert "Set the gates" in render("pages/gates.html", **gates_page(), caller=None)
    assert "Set the gates" not in render("pages/gates.html", **gates_page(may_set=False), caller=None)


def test_an_app_without_gates_says_so_and_how_to_get_some() -> None:
    nothing = wire_review.Gates(app="sales-dashboard", gates={}, words=[], since=None, by="", why="")
    shown = text_of(
        render(
            "pages/gates.html",
            **gates_page(gates=nothing, proposals=[], history=[], form=gates_form.filled({})),
            caller=None,
        )
    )
    assert "Nothing is demanded" in shown
    assert "[gates] reviews = 1" in shown


def test_the_form_gives_back_what_it_was_filled_with() -> None:
    table = gates_page()["gates"].gates
    asked = gates_form.to_gates(gates_form._Gates(**filled(table), reason="agreed"))
    assert asked.gates == table
    assert gates_form.to_gates(gates_form._Gates(reason="none")).gates == {}


def test_what_is_no_number_is_left_for_the_rules_to_refuse() -> None:
    asked = gates_form.to_gates(gates_form._Gates(reviews="two", reason="agreed"))
    assert asked.gates == {"reviews": "two"}
    with pytest.raises(BadConfig, match="reviews"):
        parse(asked.gates)


def filled(table: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, int) and not isinstance(value, bool) else value
            for name, value in gates_form.filled(table).items()}  # fmt: skip


def lane_of(releases: list[wire.Release]) -> str:
    app = cast.app_detail(release=releases[0])
    return render("fragments/app.html", app=app, releases=releases, notices=[], watch=None)
