"""`sandbox wait` and `sandbox restart`: they end, and their exit code says how."""

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.server import Platform

from sandbox_server import wire


@pytest.fixture
def asleep(logged_in: Platform, repository: object, sandbox: Sandbox) -> Platform:
    """d41 of sales came up once and sleeps."""
    assert sandbox("deploy").code == 0
    logged_in.newest("sales").status = wire.Status.asleep
    return logged_in


def test_a_restart_wakes_what_is_asleep(asleep: Platform, sandbox: Sandbox) -> None:
    done = sandbox("restart", "d41")
    assert (done.code, done.out) == (0, "ready\n")
    assert "waiting for its turn" in done.err
    assert "d41 has fresh instances and is ready." in done.err


@pytest.mark.parametrize("status", [wire.Status.failed, wire.Status.asleep])
def test_a_restart_that_does_not_come_up_has_failed(
    asleep: Platform, sandbox: Sandbox, status: wire.Status
) -> None:
    asleep.after_start = status
    done = sandbox("restart", "d41", "--json")
    assert done.code == 1
    assert done.document["error"]["code"] == "start_failed"
    assert (done.document["deployment"], done.document["status"]) == (41, status)
    assert "The app did not start." in sandbox("wait", "d41").err
    assert sandbox("wait", "d41").code == 1


@pytest.mark.parametrize("goal", ["building", "starting", "ready"])
def test_what_is_asleep_does_not_get_up_by_itself(asleep: Platform, sandbox: Sandbox, goal: str) -> None:
    done = sandbox("wait", "d41", "--for", goal)
    assert done.code == 1
    assert f"d41 is asleep and will not be {goal} by itself." in done.err
    assert "sandbox restart d41" in done.err


def test_what_has_come_up_may_be_asleep_by_now(asleep: Platform, sandbox: Sandbox) -> None:
    assert sandbox("wait", "d41").out == "asleep\n"
    assert sandbox("wait", "d41", "--for", "asleep").code == 0


def test_the_hint_of_a_timeout_waits_for_the_same(asleep: Platform, sandbox: Sandbox) -> None:
    done = sandbox("wait", "d41", "--for", "retired", "--timeout", "0")
    assert done.code == 1
    assert "d41 is still asleep after 0.0 s." in done.err
    assert "`sandbox wait d41 --for retired`" in done.err
