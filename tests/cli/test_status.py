"""What `sandbox status` says of availability and notices."""

from pathlib import Path

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.platform import NOW, Platform

from sandbox_server.wire_sessions import Notice


@pytest.fixture
def pushed(logged_in: Platform, repository: Path, sandbox: Sandbox) -> Platform:
    """main is d41, ready."""
    assert sandbox("deploy").code == 0
    return logged_in


def notice(settled: bool = False) -> Notice:
    return Notice(
        app="sales", key="availability", text="sales does not work for its users: No session came up.\n\nError in f(x)",
        hint="Read the log: `sandbox logs d41`.", at=NOW, settled_at=NOW if settled else None, told_at=None,
    )  # fmt: skip


def test_availability_stands_beside_what_was_promised(pushed: Platform, sandbox: Sandbox) -> None:
    sandbox("promote", "d41", "-y")
    said = sandbox("status").out
    assert "available 99.2 % of 30 days, less than promised (99.5 %)" in said
    assert "all well" in said
    assert sandbox("status", "--json").document["availability"]["percent"] == 99.2


def test_nothing_is_said_of_it_before_a_release(pushed: Platform, sandbox: Sandbox) -> None:
    assert "available" not in sandbox("status").out
    assert sandbox("status", "--json").document["availability"] is None


def test_open_notices_are_warnings(pushed: Platform, sandbox: Sandbox) -> None:
    sandbox("promote", "d41", "-y")
    pushed.notices = [notice(), notice(settled=True)]
    done = sandbox("status")
    assert done.err.count("sales does not work for its users: No session came up.") == 1
    assert "Error in f(x)" not in done.err
    assert "`sandbox logs d41`" in done.err
    assert len(sandbox("status", "--json").document["open_notices"]) == 1
