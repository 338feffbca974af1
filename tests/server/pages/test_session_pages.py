"""What the pages say about sessions: a candidate, drains, availability, notices, sleepers."""

from typing import Any

import pytest
from tests.server.pages import cast
from tests.server.pages import cast_sessions as sessions
from tests.server.pages.cast_release import promote_page

from sandbox_server import wire
from sandbox_server.pages import forms, sentences, words
from sandbox_server.pages.rendering import render


def app(**changes: Any) -> str:
    return text_of(render("pages/app.html", **sessions.app_page(**changes)))


def text_of(html: str) -> str:
    """Without the markup between words."""
    parts = (part.partition(">")[2] if n else part for n, part in enumerate(html.split("<")))
    return " ".join(" ".join(parts).split())


def promote(share: int | None = None, **changes: Any) -> str:
    detail = cast.app_detail(**{"seen": 8, **changes})
    return render("pages/promote.html", **promote_page(app=detail, share=share), caller=None)


def test_a_candidate_is_shown_beside_the_release_with_what_it_can_become() -> None:
    html = render("pages/app.html", **sessions.app_page())
    shown = text_of(html)
    assert "d42 is tried by 10 % of the visitors" in shown
    assert "90 % get d39" in shown
    assert "Too few sessions to judge: 4 of 20." in shown
    assert "2 of 61 (3.3 %)" in shown
    for share in (25, 100, 0):
        assert f'href="/apps/sales-dashboard/promote/42?share={share}"' in html


def test_steps_to_come_are_named() -> None:
    assert "50 % for 10 min then all" in app()


def test_why_a_candidate_was_given_up_stays_to_be_read() -> None:
    shown = app(app=cast.app_detail(seen=9), watch=sessions.troubled())
    assert "6 of 31 sessions met an error" in shown
    assert "6 of 31 (19.4 %)" in shown


def test_shares_are_no_releases_in_the_lane_and_nothing_to_go_back_to() -> None:
    given_up = sessions.candidate(share=0, release=9, kind="abort")
    html = render(
        "pages/app.html", **sessions.calm_page(releases=[given_up, sessions.candidate(), *cast.releases()])
    )
    lane = html.partition('class="lane"')[2].partition("</ol>")[0]
    assert "d42" not in lane
    table = html.partition('id="all-releases"')[2].partition("</table>")[0]
    assert "given up" in table
    assert "rollback?to=9" not in table
    assert "rollback?to=8" not in table


def test_who_drains_is_said_with_its_end() -> None:
    shown = app()
    assert "4 people still have d37 open" in shown
    assert "1 person still has d31 open draining since 6 days ago · ends at" in shown
    assert "their pages say so" in shown
    assert "How many people have d29 open cannot be read just now, so it stays" in shown
    assert "nobody is ever cut" in shown
    assert "their pages load anew at" in shown


def test_instances_are_listed_with_what_is_wrong() -> None:
    shown = app()
    assert "3 of 6 up" in shown
    assert "hung , has not answered for 72 s" in shown
    assert "d39 crashed 4 times in 10 minutes, starts again in 16 s" in shown


def test_a_thousand_instances_do_not_make_an_endless_page() -> None:
    shown = app(running=sessions.running() * 200)
    assert "and 1160 more" in shown


def test_availability_is_told_against_the_promise_day_by_day() -> None:
    shown = app()
    assert "99.94 % of the last 30 days. 99.5 % are promised: kept." in shown
    assert "3 of 288 visits found trouble" in shown
    assert "288 visits, all well" in shown
    assert ": no visit" in shown


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"percent": 99.2}, "99.5 % are promised: not kept."),
        ({"promised": None}, "Nothing is promised"),
        (
            {"last": sessions.visited(ok=False)},
            "min ago : output totals: object",
        ),
    ],
)
def test_broken_promises_and_trouble_are_said(changes: dict[str, Any], said: str) -> None:
    assert said in app(availability=sessions.availability(**changes))


def test_before_the_first_visit_the_page_says_what_comes() -> None:
    assert "has not visited the release yet" in app(availability=sessions.unvisited())


def test_a_share_near_a_hundred_is_not_rounded_up_to_it() -> None:
    assert [sentences.up_share(value) for value in (100.0, 99.999, 99.5, 0.0)] == [
        "100 %",
        "99.99 %",
        "99.5 %",
        "0 %",
    ]


def test_open_notices_stand_on_top_and_are_counted_on_the_overview() -> None:
    assert "sales-dashboard does not come up for its users" in app().partition("Users’ sessions")[0]
    rest: dict[str, Any] = {"control_url": "", "open_comments": {}, "caller": None}
    html = render("pages/overview.html", apps=[cast.app(notices=2, up=False)], **rest)
    assert "2 notices" in html
    assert "in trouble" in html
    assert "notice" not in render("fragments/apps.html", apps=[cast.app(up=True)], **rest)


def test_the_overview_names_a_candidate() -> None:
    apps = [cast.app(candidate=sessions.candidate())]
    html = render("fragments/apps.html", apps=apps, open_comments={}, control_url="")
    assert "10 % get d42" in html


def test_a_sleeper_costs_nothing_and_says_how_it_wakes() -> None:
    shown = app()
    assert "asleep , wakes at the next visit" in shown


def test_a_branch_that_is_to_go_says_when_and_can_be_kept() -> None:
    branch = cast.branches()[0].model_copy(update={"removal": "will be removed on 25 Nov: merged"})
    html = render(
        "fragments/app_branches.html", app=cast.app_detail(sandboxes=[branch]), opinions={}, events=[]
    )
    assert "will be removed on 25 Nov: merged" in html
    assert 'action="/apps/sales-dashboard/keep"' in html
    assert 'name="branch" value="feature-x"' in html


def test_a_first_release_has_no_choice_of_shares() -> None:
    html = promote(release=None)
    assert 'name="how"' not in html
    assert 'name="how"' in promote()


def test_promoting_beside_a_candidate_says_that_it_ends() -> None:
    other = cast.app_detail(candidate=sessions.candidate(deployment=44), seen=8)
    html = render("pages/promote.html", **promote_page(app=other), caller=None)
    assert "d44 has 10 % of the visitors now." in html
    assert 'name="replace" value="true"' in html
    assert 'name="seen" value="8"' in html


@pytest.mark.parametrize(
    ("share", "title", "said"),
    [
        (0, "Give up d42?", "From now on everybody gets d39. 2 people keep d42 until they leave."),
        (50, "Change the share of d42?", "Nobody’s open page changes."),
        (100, "Release d42 to all?", "From now on users get d42."),
    ],
)
def test_what_becomes_of_a_candidate_is_asked_in_words(share: int, title: str, said: str) -> None:
    html = promote(share, candidate=sessions.candidate())
    assert f"<h1>{title}</h1>" in html
    assert said in html
    assert 'name="replace"' not in html


def test_a_rollback_offers_to_move_the_people_who_are_left() -> None:
    html = render(
        "pages/rollback.html",
        app=cast.app_detail(seen=7),
        target=cast.releases()[1],
        diff=cast.diff(),
        caller=None,
    )
    assert "People who have d39 open are told, and their pages load anew after" in html
    assert 'name="minutes" value="10"' in html


def test_choices_become_what_is_asked() -> None:
    form = forms._Promote(seen=7, how="steps", reason="try it")
    asked = forms.to_promote(form, 42)
    assert (asked.deployment, asked.seen, asked.canary, asked.percent) == (42, 7, "10@10m,50@10m", None)
    assert forms.to_promote(forms._Promote(seen=7, how="share", percent=0), 42).percent == 0
    assert forms.to_promote(forms._Promote(seen=7, percent=30), 42) == wire.ReleaseRequest(
        deployment=42, seen=7
    )
    assert forms.to_roll_back(forms._Rollback(seen=8, to=0)).to is None
    assert forms.to_roll_back(forms._Rollback(seen=8, to=6, move=True, minutes=5)).move == "5m"
    assert forms.to_drain(forms._Drain(deadline="now", scope="release")).now
    assert forms.to_drain(forms._Drain(deadline="30m", scope="release")).deadline == "30m"


def test_lines_around_a_time_are_marked_and_do_not_grow() -> None:
    lines = cast.lines()
    html = render("pages/deployment.html", **sessions.deployment_page(at=lines[20].time))
    assert "Lines around" in html
    assert 'class=" meant"' in html
    assert 'sse-swap="lines"' not in html
    nothing = render("pages/deployment.html", **sessions.deployment_page(at=lines[0].time, lines=[]))
    assert "No lines are kept of" in nothing


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.5, "0.5 s"), (0.64, "0.64 s"), (2.0, "2 s"), (1.94, "1.9 s"), (12, "12 s"), (180, "3 min")],
)
def test_seconds_are_short_in_charts(value: float, said: str) -> None:
    assert words.brief(value) == said
