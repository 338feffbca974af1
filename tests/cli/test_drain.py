"""`sandbox drain`, and who drains in `sandbox status`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.server import Platform

from sandbox_cli.words import left
from sandbox_server.wire_sessions import Draining

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def draining(logged_in: Platform, repository: Path, sandbox: Sandbox) -> Platform:
    """Three people are still on d41."""
    assert sandbox("deploy").code == 0
    now = datetime.now(UTC)
    logged_in.draining.append(
        Draining(
            app="sales", deployment=41, scope="release", instance="sbx-1", sessions=3,
            since=now - timedelta(minutes=5), until=now + timedelta(minutes=30, seconds=20), asked=True,
            why="somebody wants its end",
        )
    )  # fmt: skip
    return logged_in


def test_it_works(draining: Platform, sandbox: Sandbox) -> None:
    done = sandbox("drain", "d41", "--deadline", "30m", "--reason", "CVE-2026-1")
    assert done.code == 0
    assert [(asked.deadline, asked.now, asked.reason) for asked in draining.drains] == [
        ("30m", False, "CVE-2026-1")
    ]
    assert "It ends with its last session, in 30 min at the latest; 3 sessions on it." in done.err
    assert "sandbox drain d41 --cancel" in done.err
    assert "--app" not in done.err
    assert "somebody wants its end" in done.out


def test_it_gives_json(draining: Platform, sandbox: Sandbox) -> None:
    done = sandbox("drain", "d41", "--now", "--json")
    assert done.document[0]["sessions"] == 3
    assert draining.drains[0].now


def test_a_scope_and_a_change_of_mind(draining: Platform, sandbox: Sandbox) -> None:
    assert sandbox("drain", "d41", "--scope", "release", "--cancel").code == 0
    assert (draining.drains[0].scope, draining.drains[0].cancel) == ("release", True)


def test_two_ends_at_once_are_wrong_use(draining: Platform, sandbox: Sandbox) -> None:
    done = sandbox("drain", "d41", "--now", "--deadline", "5m")
    assert done.code == 2
    assert "Give one of --deadline, --now and --cancel." in done.err
    assert not draining.drains


def test_status_shows_who_drains(draining: Platform, sandbox: Sandbox) -> None:
    done = sandbox("status")
    assert "in 30 min" in done.out
    assert sandbox("status", "--json").document["draining"][0]["deployment"] == 41


def test_what_is_left_is_told_in_people_s_words() -> None:
    def after(seconds: float) -> str:
        return left((NOW + timedelta(seconds=seconds)).isoformat(), NOW)

    assert [after(seconds) for seconds in (-5, 16, 90, 120, 3600, 7200, 86400, 3 * 86400)] == [
        "now", "in 16 s", "in 90 s", "in 2 min", "in 60 min", "in 2 h", "in 24 h", "in 3 d"
    ]  # fmt: skip
    assert left(None) == "never"
