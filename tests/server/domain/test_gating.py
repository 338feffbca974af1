"""May a deployment be released? Tables of who said what, and what that means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain.gates import GatesConfig, parse
from sandbox_server.domain.gating import Case, judge
from sandbox_server.domain.reviewers import Signed
from sandbox_server.wire import Smoke
from sandbox_server.wire_review import Missing

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
"""A Wednesday."""
IMAGE = "sha256:1"
RITA, OMAR, ANNA = "rita@example.org", "omar@example.org", "anna@example.org"
CASE = Case(
    app="sales", number=42, branch="feature-x", shown=42, image=IMAGE, author="anna",
    smoke=Smoke(status="passed"), base=39, commits=3, mails={"anna": ANNA},
)  # fmt: skip
LINKS = {RITA: 1, OMAR: 2, ANNA: 3}


def said(email: str, outcome: str = "accepted", **more: Any) -> Signed:
    of = {
        "review": LINKS.get(email.lower(), 9), "name": email.split("@", maxsplit=1)[0].title(), "user": "",
        "identified": "link", "image": IMAGE, "at": NOW, "id": 0, "deployment_id": 1,
    }  # fmt: skip
    return Signed(outcome=outcome, email=email, **(of | more))


def missing(gates: dict[str, Any] | GatesConfig, *signed: Signed, **asked: Any) -> list[Missing]:
    """`signed`: newest first."""
    config = gates if isinstance(gates, GatesConfig) else parse(gates)
    rows = [replace(one, id=len(signed) - place) for place, one in enumerate(signed)]
    return judge(config, replace(CASE, signed=rows, **asked), NOW).missing


def kinds(gates: dict[str, Any], *signed: Signed, **asked: Any) -> list[str]:
    return [one.gate for one in missing(gates, *signed, **asked)]


OLD = NOW - timedelta(days=15)
QA = {"reviews": 1, "reviewers": ["@qa"], "groups": {"qa": [RITA]}}


@pytest.mark.parametrize(
    ("gates", "signed", "expected"),
    [
        ({}, [], []),
        ({}, [said(RITA, "rejected")], []),
        ({"reviews": 1}, [], ["reviews"]),
        ({"reviews": 1}, [said(RITA)], []),
        ({"reviews": 1}, [said(RITA, "remarks")], []),
        ({"reviews": 1}, [said(RITA, "rejected")], ["rejected", "reviews"]),
        # The newest of a person stands, whatever letters the address was written in.
        ({"reviews": 1}, [said("RITA@Example.org", "rejected"), said(RITA)], ["rejected", "reviews"]),
        ({"reviews": 1}, [said(RITA), said(RITA, "rejected")], []),
        ({"reviews": 2}, [said(RITA), said("Rita@example.org")], ["reviews"]),
        ({"reviews": 2}, [said(RITA), said(OMAR)], []),
        ({"reviews": 1}, [said(RITA), said(OMAR, "rejected")], ["rejected"]),
        # By two links, but in one hand.
        ({"reviews": 2}, [said(RITA, user="ben"), said(OMAR, user="ben")], ["reviews"]),
        (
            {"reviews": 2},
            [
                said(RITA, user="ben", identified="code"),
                said(OMAR, user="ben", identified="code"),
            ],
            [],
        ),
        # A label behind a "+" makes nobody a second person.
        ({"reviews": 2}, [said("x+1@example.org"), said("X+2@example.org")], ["reviews"]),
        ({"reviews": 1}, [said("rita+qa@example.org", "rejected"), said(RITA)], ["rejected", "reviews"]),
        ({"reviews": 1}, [said("anna+private@example.org")], ["reviews"]),
        # Of other bytes.
        ({"reviews": 1}, [said(RITA, image="sha256:0")], ["reviews"]),
        ({"reviews": 1}, [said(RITA, "rejected", image="sha256:0"), said(OMAR)], []),
        # Too old.
        ({"reviews": 1, "max_age": "14d"}, [said(RITA, at=OLD)], ["reviews"]),
        ({"reviews": 1, "max_age": "15d"}, [said(RITA, at=OLD)], []),
        # No time heals a rejection; the same person does.
        ({"reviews": 1, "max_age": "14d"}, [said(OMAR), said(RITA, "rejected", at=OLD)], ["rejected"]),
        (
            {"reviews": 1, "max_age": "14d"},
            [said(OMAR), said(RITA, at=OLD), said(RITA, "rejected", at=OLD)],
            [],
        ),
        # The author's own.
        ({"reviews": 1}, [said(ANNA)], ["reviews"]),
        ({"reviews": 1}, [said("Anna@Example.ORG")], ["reviews"]),
        ({"reviews": 1}, [said(RITA, user="anna")], ["reviews"]),
        ({"reviews": 1}, [said(RITA, user="anna", identified="code")], ["reviews"]),
        ({"reviews": 1, "author_may_review": True}, [said(ANNA, user="anna")], []),
        ({"reviews": 1}, [said(ANNA, "rejected"), said(RITA)], []),
        ({"reviews": 1, "author_may_review": True}, [said(ANNA, "rejected"), said(RITA)], ["rejected"]),
        # Of certain people.
        (QA, [said(RITA.upper())], []),
        (QA, [said(OMAR)], ["reviews"]),
        (QA, [said(OMAR, "rejected"), said(RITA)], []),
        (QA | {"reviewers": ["@qa", OMAR], "reviews": 2}, [said(RITA), said(OMAR)], []),
        # Who it is was proved.
        ({"reviews": 1, "identified": True}, [said(RITA)], ["reviews"]),
        ({"reviews": 1, "identified": True}, [said(RITA, identified="code")], []),
        ({"reviews": 1, "identified": True}, [said(RITA, identified="login", user="rita")], []),
        # Somebody with a forwarded link cannot take a proved rejection back.
        (
            {"reviews": 1, "identified": True},
            [said(RITA), said(RITA, "rejected", identified="code")],
            ["rejected", "reviews"],
        ),
    ],
)
def test_reviews(gates: dict[str, Any], signed: list[Signed], expected: list[str]) -> None:
    assert kinds(gates, *signed) == expected


def test_a_user_stays_one_person_when_the_address_changes() -> None:
    signed = [said(who, user="rita", identified="login") for who in ("new@example.org", RITA)]
    for known in ({"rita": "new@example.org"}, {}):
        [one] = missing({"reviews": 2}, *signed, mails=known)
        assert "and has 1 (New)" in one.message
    [one] = missing({"reviews": 2}, signed[1], said("new@example.org"), mails={"rita": "new@example.org"})
    assert one.gate == "reviews", "by the login of old, and by the link of now"


def test_an_author_is_known_by_every_user_of_that_person() -> None:
    mails = {"ci": "anna+ci@example.org", "anna": ANNA}
    for one in (said(ANNA), said(RITA, user="anna")):
        assert kinds({"reviews": 1}, one, author="ci", mails=mails) == ["reviews"]


def test_the_address_to_ask_is_as_it_was_written() -> None:
    [one] = missing({"reviews": 2, "reviewers": ["Rita+QA@example.org", OMAR]}, said(OMAR))
    assert "<Rita+QA@example.org>" in one.hint


def test_what_is_missing_is_told_with_the_command_that_gets_it() -> None:
    [one] = missing({"reviews": 2, "reviewers": [RITA, OMAR, ANNA]}, said(RITA))
    assert (
        one.message
        == "It needs 2 reviews of rita@example.org, omar@example.org and anna@example.org, and has 1 (Rita)."
    )
    assert one.hint == 'Ask for one: `sandbox review request d42 --app sales --to "Name <omar@example.org>"`.'
    [one] = missing({"reviews": 1})
    assert one.message == "It needs 1 review, and has none."
    assert one.hint == 'Ask for one: `sandbox review request d42 --app sales --to "Name <mail>"`.'


def test_who_does_not_count_is_told_with_the_reason() -> None:
    [one] = missing({"reviews": 1}, said(ANNA))
    assert "Anna (anna@example.org) does not count: anna pushed this deployment." in one.message
    [one] = missing(QA, said(OMAR))
    assert "Omar (omar@example.org) does not count: they are not among the reviewers." in one.message
    [one] = missing({"reviews": 1, "identified": True}, said(RITA))
    assert "it was signed without a code or a login" in one.message
    [one] = missing({"reviews": 1, "max_age": "14d"}, said(RITA, at=OLD))
    assert "it is older than 14 days" in one.message


def test_whose_link_was_withdrawn_later_counts_and_is_told_wherever_it_is_named() -> None:
    words = "by a link that was withdrawn later"
    found = judge(GatesConfig(reviews=1), replace(CASE, signed=[said(RITA, withdrawn=True)]), NOW)
    assert f"1 person accepted it: Rita ({words})." in [one.message for one in found.met]
    one, _ = missing({"reviews": 1}, said(RITA, "rejected", withdrawn=True))
    assert one.message.startswith(f"Rita (rita@example.org, {words}) rejected it")
    [one] = missing({"reviews": 2}, said(RITA, withdrawn=True))
    assert f"has 1 (Rita ({words}))" in one.message


def test_who_rejected_is_named() -> None:
    one, _ = missing({"reviews": 1}, said(RITA, "rejected"))
    assert one.message == "Rita (rita@example.org) rejected it on 2026-11-18 12:00 UTC."
    assert "`sandbox deploy --branch feature-x`" in one.hint
    assert '`sandbox review request d42 --app sales --to "Rita <rita@example.org>"`' in one.hint


def test_other_people_s_words_do_no_harm_in_a_command_that_is_copied() -> None:
    [reject, _] = missing(
        {"reviews": 1}, said("$(x)@evil.org", "rejected", name='"; reboot `id`'), branch="x;reboot"
    )
    assert "--to '\"; reboot `id` <$(x)@evil.org>'" in reject.hint
    assert "sandbox deploy --branch 'x;reboot'" in reject.hint


def test_what_a_branch_does_not_show_cannot_be_reviewed_and_the_hint_knows() -> None:
    [one] = missing({"reviews": 1}, shown=43)
    assert "feature-x shows d43 by now" in one.hint
    assert "`sandbox review request d43 --app sales" in one.hint
    [one] = missing({"reviews": 1}, shown=0)
    assert "push it again: `sandbox deploy --branch feature-x`" in one.hint
    one, _ = missing({"reviews": 1}, said(RITA, "rejected"), shown=43)
    assert "review request" not in one.hint


@pytest.mark.parametrize(
    ("smoke", "message", "hint"),
    [
        ({"status": "pending"}, "has not ended yet", "sandbox wait d42 --app sales"),
        ({"status": "failed", "reason": "Errors in outputs: plot"}, "failed: Errors in outputs: plot.", "sandbox logs"),
        ({"status": "busy", "reason": "It never rested."}, "come to rest: It never rested.", "sandbox restart d42"),
        ({"status": "skipped", "reason": "no browser"}, "was left out: no browser.", "sandbox doctor"),
    ],
)  # fmt: skip
def test_a_check_that_has_not_passed(smoke: dict[str, Any], message: str, hint: str) -> None:
    [one] = missing({"checks": ["smoke"]}, smoke=Smoke(**smoke))
    assert (one.gate, message in one.message, hint in one.hint) == ("checks", True, True)


def test_the_check_with_the_release_s_variables_counts_too() -> None:
    failed = Smoke(status="failed", reason="Errors in outputs: plot")
    assert kinds({"checks": ["smoke"]}, release_smoke=Smoke(status="passed")) == []
    [one] = missing({"checks": ["smoke"]}, release_smoke=failed)
    assert one.message == "The smoke check with the release's variables failed: Errors in outputs: plot."
    assert "`sandbox env ls --scope release --app sales`" in one.hint
    assert kinds({}, release_smoke=failed, smoke=failed) == []


def test_a_freeze_is_told_with_its_end() -> None:
    gates = {"freeze": ["2026-11-18", "Wed 10:00..Thu 08:00", "Sat..Sun"]}
    found = missing(gates, zone="Europe/Berlin")
    assert [one.message for one in found] == [
        "Releases rest now: 2026-11-18, in Europe/Berlin.",
        "Releases rest now: Wed 10:00..Thu 08:00, in Europe/Berlin.",
    ]
    assert found[0].hint == "Wait until Thursday 2026-11-19 00:00 (Europe/Berlin)."
    assert kinds({"freeze": ["Sat..Sun"]}) == []


@pytest.mark.parametrize(
    ("base", "commits", "expected"), [(39, 5, 0), (39, 6, 1), (39, None, 1), (None, 500, 0), (39, 0, 0)]
)
def test_commits_are_counted_against_what_users_have(
    base: int | None, commits: int | None, expected: int
) -> None:
    assert len(missing({"max_commits": 5}, base=base, commits=commits)) == expected


def test_what_is_met_is_told_too() -> None:
    gates = {"reviews": 1, "checks": ["smoke"], "freeze": ["Sat..Sun"], "max_commits": 3}
    met = judge(parse(gates), replace(CASE, signed=[said(RITA)]), NOW).met
    assert [one.message for one in met] == [
        "Nobody whose review counts rejected it.",
        "1 person accepted it: Rita.",
        "The smoke check has passed; before the switch it is made once more, with the release's variables.",
        "It is not a time at which releases rest.",
        "It brings 3 commits; 3 at most are allowed.",
    ]
    assert judge(parse({}), CASE, NOW).met == []


PEOPLE = st.sampled_from([RITA, RITA.upper(), OMAR, ANNA])
SIGNED = st.builds(
    said,
    PEOPLE,
    st.sampled_from(["accepted", "remarks", "rejected"]),
    user=st.sampled_from(["", "ben", "anna"]),
    identified=st.sampled_from(["link", "code", "login"]),
    image=st.sampled_from([IMAGE, "sha256:0"]),
    at=st.integers(0, 30).map(lambda days: NOW - timedelta(days=days)),
)
GATES = st.builds(
    GatesConfig,
    reviews=st.integers(1, 3),
    identified=st.booleans(),
    author_may_review=st.booleans(),
    max_age=st.none() | st.just("14d"),
)


@given(GATES, st.lists(SIGNED, max_size=6))
def test_an_open_gate_has_enough_people_and_no_rejection(gates: GatesConfig, signed: list[Signed]) -> None:
    if missing(gates, *signed):
        return
    of_these = [one for one in signed if one.image == IMAGE and one.outcome != "rejected"]
    assert len({one.email.lower() for one in of_these}) >= gates.reviews
    newest = {one.email.lower(): one for one in reversed([one for one in signed if one.image == IMAGE])}
    for one in newest.values():
        if one.outcome == "rejected" and one.identified == "code" and (NOW - one.at).days < 14:
            assert one.user == "anna" or one.email.lower() == ANNA
            assert not gates.author_may_review


@given(GATES, st.lists(SIGNED, max_size=6), SIGNED)
def test_a_stricter_gate_is_never_easier(gates: GatesConfig, signed: list[Signed], more: Signed) -> None:
    stricter = gates.model_copy(update={"reviews": gates.reviews + 1})
    assert not missing(gates, *signed) or missing(stricter, *signed)
    rejection = replace(more, outcome="rejected", image=IMAGE, user="", at=NOW, identified="code", email=RITA)
    assert "rejected" in [one.gate for one in missing(gates, rejection, *signed)]
