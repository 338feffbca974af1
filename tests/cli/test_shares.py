"""Promote for a share of the visitors, and the watch over it, against a small server."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.platform import NOW
from tests.cli.server import Platform

from sandbox_cli.client import Client
from sandbox_server.wire_sessions import Side, Watch

STEP = timedelta(minutes=10)


@pytest.fixture
def released(logged_in: Platform, repository: Path, sandbox: Sandbox) -> Platform:
    """d41 is released, d42 is ready."""
    assert sandbox("deploy").code == 0
    assert sandbox("deploy", "--branch", "feature-x").code == 0
    assert sandbox("promote", "d41").code == 0
    return logged_in


def watch(version: int, state: str, words: str, **more: Any) -> Watch:
    sides = {
        "newer": Side(deployment=42, release=2, sessions=9, failed=2, errors=3, p95=0.5, crashes=1),
        "older": Side(deployment=41, release=1, sessions=80, failed=0, errors=0, p95=0.5, crashes=0),
    }
    return Watch.model_validate(
        {"app": "sales", "state": state, "words": words, "version": version, **sides, **more}
    )


def test_a_share_is_given_raised_and_taken_back(released: Platform, sandbox: Sandbox) -> None:
    done = sandbox("promote", "d42", "--percent", "10")
    assert done.code == 0
    assert "10 % of the visitors get d42 from their next page load on, the others d41." in done.err
    assert "sandbox release watch" in done.err
    assert "sandbox promote d42 --percent 50" in done.err
    raised = sandbox("promote", "--percent", "50", "--json").document
    assert (raised["deployment"], raised["release"]) == (42, 3)
    back = sandbox("promote", "--percent", "0")
    assert "The candidate d42 is given up: all visitors get d41." in back.err
    assert "7 sessions stay on d42 until they end." in back.err
    assert [(asked.seen, asked.percent) for asked in released.asked[1:]] == [(1, 10), (2, 50), (3, 0)]  # type: ignore[union-attr]


def test_a_canary_says_how_it_goes_on(released: Platform, sandbox: Sandbox) -> None:
    done = sandbox("promote", "d42", "--canary", "10@10m,50@10m", "--replace")
    assert "10 % of the visitors get d42" in done.err
    assert "It goes on by itself if nothing is worse." in done.err
    asked = released.asked[-1].model_dump()
    assert (asked["canary"], asked["percent"], asked["replace"]) == ("10@10m,50@10m", None, True)


def test_wrong_shares_are_wrong_use(released: Platform, sandbox: Sandbox) -> None:
    assert sandbox("promote", "d42", "--percent", "101").code == 2
    assert sandbox("promote", "d42", "--percent", "-1").code == 2
    assert sandbox("promote", "d42", "--percent", "ten").code == 2
    assert sandbox("promote", "d42", "--percent", "10", "--canary", "10@10m").code == 2
    nobody = sandbox("promote", "--percent", "10")
    assert nobody.code == 2
    assert "sales has no candidate" in nobody.err


def test_a_rollback_during_a_canary_gives_the_candidate_up(released: Platform, sandbox: Sandbox) -> None:
    sandbox("promote", "d42", "--percent", "10")
    done = sandbox("rollback", "--move", "10m")
    assert "The candidate d42 is given up: all visitors get d41." in done.err
    assert "7 sessions are still on d42 (release 2). Their pages say so, and load anew in 10m." in done.err
    assert released.asked[-1].model_dump()["move"] == "10m"


def test_status_shows_a_candidate(released: Platform, sandbox: Sandbox) -> None:
    assert "candidate" not in sandbox("status").out
    sandbox("promote", "d42", "--percent", "10")
    assert "candidate: d42 of feature-x, 10 % of the visitors, by ada" in sandbox("status").out
    assert sandbox("status", "--json").document["candidate"]["deployment"] == 42


def test_releases_show_shares(released: Platform, sandbox: Sandbox) -> None:
    sandbox("promote", "d42", "--percent", "10")
    shown = sandbox("releases").out
    assert "candidate" in shown
    assert "10 %" in shown
    sandbox("promote", "--percent", "0", "--reason", "too slow")
    shown = sandbox("releases").out
    assert "given up" in shown
    assert "too slow" in shown
    assert "candidate" not in shown


def test_a_watch_is_followed_until_it_is_settled(released: Platform, sandbox: Sandbox) -> None:
    released.watched = [
        watch(
            1, "canary", "Too few sessions to judge: 4 of 20.", share=10, until=NOW + STEP, steps=[(50, 600)]
        ),
        watch(2, "canary", "Nothing is worse.", share=50, until=NOW + STEP),
        watch(3, "watching", "Nothing is worse.", until=NOW + STEP),
        watch(4, "passed", "d42 was watched for 10 min. Nothing is worse."),
    ]
    done = sandbox("release", "watch")
    assert (done.code, done.out) == (0, "passed\n")
    assert "d42 has 10 % until" in done.err
    assert ", then 50 %: Too few sessions to judge: 4 of 20." in done.err
    assert ", then 100 %" in done.err
    assert "d42 was watched for 10 min." in done.err
    assert (
        "newer: d42 (release 2), 9 sessions, 2 with errors, first outputs within 0.5 s, 1 crash" in done.err
    )


@pytest.mark.parametrize("state", ["aborted", "rolled_back", "troubled"])
def test_a_watch_that_found_it_worse_is_exit_1(released: Platform, sandbox: Sandbox, state: str) -> None:
    released.watched = [watch(1, state, "More sessions meet errors.", share=0)]
    done = sandbox("release", "watch", "--app", "sales")
    assert (done.code, done.out) == (1, f"{state}\n")
    assert "More sessions meet errors." in done.err
    document = sandbox("release", "watch", "--json").document
    assert (document["error"]["code"], document["state"], document["newer"]["failed"]) == (state, state, 2)


def test_nothing_to_watch_is_no_failure(released: Platform, sandbox: Sandbox) -> None:
    released.watched = [
        Watch(app="sales", state="none", words="Nothing is watched. Users get d41 (release 1).")
    ]
    assert sandbox("release", "watch").out == "none\n"
    assert sandbox("release", "watch", "--json").document["newer"] is None


def test_ctrl_c_stops_watching_only(
    released: Platform, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "watch", interrupted)
    done = sandbox("release", "watch")
    assert done.code == 130
    assert "You stopped watching; the platform goes on." in done.err
