"""What the command line says of releases against the gates, of the way from push to release, and of variables."""

from pathlib import Path

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.platform import Platform

from sandbox_cli.words import span


@pytest.fixture
def released(logged_in: Platform, repository: Path, sandbox: Sandbox) -> Platform:
    """d41 of main is release 1."""
    assert sandbox("deploy").code == 0
    assert sandbox("promote", "d41", "-y", "--reason", "the shops wait for it").code == 0
    return logged_in


def overridden(platform: Platform) -> None:
    release = platform.releases["sales"][0]
    release.override = ["It needs 1 review, and has none.", "The smoke check failed."]


def test_the_way_from_push_to_release_is_told(released: Platform, sandbox: Sandbox) -> None:
    released.releases["sales"][0].since_push = 3 * 3600
    assert "3 h" in sandbox("releases").out
    assert "3 h after its push" in sandbox("status").out
    assert sandbox("releases", "--json").document[0]["since_push"] == 10800


def test_a_rollback_has_no_such_way(released: Platform, sandbox: Sandbox) -> None:
    assert "after its push" not in sandbox("status").out


@pytest.mark.parametrize("command", ["releases", "status"])
def test_an_override_is_a_warning_with_what_was_missing_and_why(
    released: Platform, sandbox: Sandbox, command: str
) -> None:
    overridden(released)
    said = sandbox(command).err
    assert "Release 1 was made by ada against the gates: It needs 1 review, and has none." in said
    assert "Reason: the shops wait for it" in said


def test_an_override_is_in_the_table_and_in_the_document(released: Platform, sandbox: Sandbox) -> None:
    overridden(released)
    assert "in force, overridden" in sandbox("releases").out
    assert len(sandbox("releases", "--json").document[0]["override"]) == 2


def test_without_one_nothing_is_said_of_gates(released: Platform, sandbox: Sandbox) -> None:
    assert "against the gates" not in sandbox("releases").err + sandbox("status").err


def test_a_diff_names_variables_that_nobody_reviewed(released: Platform, sandbox: Sandbox) -> None:
    assert "not reviewed" not in sandbox("diff", "d41").out
    released.unreviewed = ["DB_HOST"]
    assert "DB_HOST (not reviewed)" in sandbox("diff", "d41").out
    assert sandbox("diff", "d41", "--json").document["unreviewed"] == ["DB_HOST"]


@pytest.mark.parametrize(
    ("length", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (2 * 86400, "2 d")],
)
def test_spans_are_one_number(length: float, words: str) -> None:
    assert span(length) == words
