"""`sandbox gates`, and a promote that gates hold back."""

from pathlib import Path

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.gating import closed_gates
from tests.cli.server import Platform

from sandbox_cli.errors import WrongUse
from sandbox_cli.gate_values import changed


@pytest.fixture
def pushed(logged_in: Platform, repository: Path, sandbox: Sandbox) -> Platform:
    """d41 is ready."""
    assert sandbox("deploy").code == 0
    return logged_in


@pytest.fixture
def closed(pushed: Platform) -> Platform:
    pushed.gate_report = closed_gates()
    return pushed


def test_it_works(pushed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("gates", "--set", "reviews=1", "--set", "identified=true", "--reason", "agreed")
    assert done.code == 0
    assert pushed.gates.gates == {"reviews": 1, "identified": True}
    shown = sandbox("gates")
    assert shown.out.splitlines() == ["- reviews: 1", "- identified: True"]
    assert "Before a release of sales:" in shown.err
    assert "In force since 2026-01-02" in shown.err
    assert "set by ada: agreed." in shown.err


def test_an_app_that_demands_nothing_says_how_to_begin(pushed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("gates")
    assert (done.code, done.out) == (0, "")
    assert "sales demands nothing before a release." in done.err
    assert 'sandbox gates --set reviews=1 --reason "…" --app sales' in done.err
    assert sandbox("gates", "--json").document["gates"] == {}


def test_one_gate_is_changed_and_the_others_stay(pushed: Platform, sandbox: Sandbox) -> None:
    sandbox("gates", "--set", "reviews=1", "--set", "checks=smoke", "--reason", "x")
    sandbox("gates", "--set", "reviews=2", "--reason", "more eyes")
    assert pushed.gates.gates == {"reviews": 2, "checks": ["smoke"]}
    sandbox("gates", "--set", "checks=", "--reason", "x")
    assert pushed.gates.gates == {"reviews": 2}
    assert sandbox("gates", "--clear", "--reason", "over").code == 0
    assert pushed.gates.gates == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "reviews=1"), "Say why the gates change."),
        (("--clear",), "Say why the gates change."),
        (("--clear", "--set", "reviews=1", "--reason", "x"), "Give --set or --clear, not both."),
        (("d41", "--clear", "--reason", "x"), "Gates are of an app, not of a deployment."),
        (("--set", "reviews", "--reason", "x"), "is not of the form GATE=VALUE"),
    ],
)
def test_wrong_use_changes_nothing(
    pushed: Platform, sandbox: Sandbox, words: tuple[str, ...], said: str
) -> None:
    done = sandbox("gates", *words)
    assert done.code == 2
    assert said in done.err
    assert pushed.gates.since is None


def test_of_a_deployment_it_says_what_is_missing_and_what_is_met(closed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("gates", "d41")
    assert done.code == 0
    assert done.out.splitlines() == [
        "missing  It needs 1 review, and has none.",
        '         Ask for one: `sandbox review request d41 --app sales --to "Name <mail>"`.',
        "met      The smoke check has passed.",
    ]
    assert "With its release these gates change:\n  - reviews = 1\n  + reviews = 2\n" in done.err
    assert "d41 cannot be released now: 1 thing is missing." in done.err
    assert 'sandbox promote d41 --app sales --override --reason "…"' in done.err
    assert sandbox("gates", "sales#41", "--json").document["missing"][0]["gate"] == "reviews"


def test_nobody_is_told_to_override_who_may_not(closed: Platform, sandbox: Sandbox) -> None:
    closed.gate_report = closed_gates(may_override=False)
    assert "--override" not in sandbox("gates", "d41").err


def test_what_gates_cannot_see_is_told(closed: Platform, sandbox: Sandbox) -> None:
    note = "ann has no mail address here (`sandboxd user email ann ADDRESS`)."
    closed.gate_report = closed_gates(notes=[note])
    assert note in sandbox("gates", "d41").err
    assert sandbox("gates", "d41", "--json").document["notes"] == [note]
    closed.gates = closed.gates.model_copy(update={"notes": [note]})
    assert note in sandbox("gates").err


def test_open_gates_lead_on_to_the_release(pushed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("gates", "d41")
    assert "All gates of sales are open for d41." in done.err
    assert "sandbox promote d41 --app sales" in done.err


def test_a_refused_promote_names_what_is_missing(closed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("promote", "d41")
    assert done.code == 1
    assert "d41 cannot be released now: reviews are missing." in done.err
    assert "- It needs 1 review, and has none." in done.err
    assert "sandbox review request d41" in done.err
    error = sandbox("promote", "d41", "--json").document["error"]
    assert error["code"] == "gate_closed"
    assert "`sandbox review request d41 --app sales --to" in error["detail"]
    assert closed.releases.get("sales") is None


def test_an_override_needs_a_reason_and_is_told(closed: Platform, sandbox: Sandbox) -> None:
    refused = sandbox("promote", "d41", "--override")
    assert (refused.code, "says why" in refused.err) == (2, True)
    done = sandbox("promote", "d41", "--override", "--reason", "it burns")
    assert done.code == 0
    assert "The gates were overridden; the history shows what was missing:" in done.err
    assert "- It needs 1 review, and has none." in done.err
    asked = closed.asked[-1].model_dump()
    assert (asked["override"], asked["reason"]) == (True, "it burns")
    assert closed.releases["sales"][-1].override == ["It needs 1 review, and has none."]


def test_a_refused_promote_tells_programs_what_is_missing_and_what_nobody_reviewed(
    closed: Platform, sandbox: Sandbox
) -> None:
    closed.unreviewed = ["PRICES"]
    refused = sandbox("promote", "d41", "--json").document
    assert [one["gate"] for one in refused["missing"]] == ["reviews"]
    assert refused["unreviewed"] == ["PRICES"]


def test_gates_name_a_deployment_of_the_app_or_none(pushed: Platform, sandbox: Sandbox) -> None:
    said = sandbox("gates", "--set", "reviews=1", "--reason", "x").err
    assert "sandbox gates d41 --app sales" in said
    pushed.newest("sales").released = True
    assert "sandbox gates <deployment> --app sales" in sandbox("gates").err


def test_status_suggests_what_is_missing_before_a_promote(pushed: Platform, sandbox: Sandbox) -> None:
    assert "sandbox promote d41" in sandbox("status").err
    pushed.gate_report = closed_gates()
    done = sandbox("status")
    assert "d41 cannot be released now:" in done.err
    assert "- It needs 1 review, and has none. Ask for one: `sandbox review request d41" in done.err
    assert "sandbox gates d41" in done.err.partition("Next: ")[2]
    assert "promote" not in done.err.partition("Next: ")[2]
    assert sandbox("status", "--json").document["gates"]["open"] is False


def test_values_are_read_as_people_type_them() -> None:
    typed = [
        "reviews=2", "identified=true", "author_may_review=false", "max_age=14d", "checks=smoke",
        "reviewers=@qa, head@example.org", "groups.qa=rita@example.org,omar@example.org",
        'freeze=["2026-12-20..2027-01-06", "Fri 16:00..Mon 08:00"]', "max_commits=20",
    ]  # fmt: skip
    assert changed({}, typed) == {
        "reviews": 2,
        "identified": True,
        "author_may_review": False,
        "max_age": "14d",
        "checks": ["smoke"],
        "reviewers": ["@qa", "head@example.org"],
        "groups": {"qa": ["rita@example.org", "omar@example.org"]},
        "freeze": ["2026-12-20..2027-01-06", "Fri 16:00..Mon 08:00"],
        "max_commits": 20,
    }
    before = {"reviews": 1, "groups": {"qa": ["rita@example.org"]}}
    assert changed(before, ["groups.qa="]) == {"reviews": 1}
    assert changed(before, ["groups.dev=a@b.c"])["groups"].keys() == {"qa", "dev"}
    assert before == {"reviews": 1, "groups": {"qa": ["rita@example.org"]}}, "what was read stays as it is"
    with pytest.raises(WrongUse):
        changed({}, ["=1"])
