"""`sandbox figures`, and what `sandbox status` says of the last hour."""

from pathlib import Path

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.platform import NOW, Platform, point

from sandbox_cli.commands.figures import spark, summary
from sandbox_server import wire_sessions

BUSY = point(
    sessions=4, started=20, failed=1, errors=3, p50=0.3, p95=0.7, requests=400, refused=4, memory=120 * 2**20
)
FAULT = wire_sessions.Fault(
    deployment=41, scope="release", place="output plot", kind="simpleError", count=3, message="", first_at=NOW,
    last_at=NOW, log="http://sandbox.localhost/apps/sales/deployments/41?log=run&at=2026-01-02T03%3A04%3A00Z",
)  # fmt: skip


@pytest.fixture
def pushed(logged_in: Platform, repository: Path, sandbox: Sandbox) -> Platform:
    """main is d41, ready."""
    assert sandbox("deploy").code == 0
    return logged_in


def test_a_release_is_shown(pushed: Platform, sandbox: Sandbox) -> None:
    pushed.points, pushed.faults = [BUSY], [FAULT]
    done = sandbox("figures")
    assert done.code == 0
    assert "sales, release: in the last 3 hours 20 sessions (5.0 % with an error)" in done.out
    assert "400 requests (1.0 % refused), first outputs within 0.7 s for 95 %." in done.out
    for row in ("sessions at once", "began", "with an error", "95 % waited", "500 or above", "memory"):
        assert row in done.out
    assert "█" in done.out
    assert "output plot" in done.out
    assert "?log=run&at=" in done.err
    assert "Next: sandbox logs" in done.err


def test_a_deployment_is_shown_in_its_scope(pushed: Platform, sandbox: Sandbox) -> None:
    assert "d41 of sales, sandbox: no sessions and no requests" in sandbox("figures", "d41").out
    document = sandbox("figures", "d41", "--scope", "release", "--week", "--json").document
    assert (document["deployment"], document["scope"], document["span"]) == (41, "release", "hour")


def test_what_is_not_there_is_said(pushed: Platform, sandbox: Sandbox) -> None:
    assert sandbox("figures", "d99").code == 1
    assert sandbox("figures", "--scope", "moon").code == 2


def test_status_tells_of_the_last_hour(pushed: Platform, sandbox: Sandbox) -> None:
    pushed.points = [BUSY]
    assert sandbox("status", "--json").document["figures"] is None
    assert sandbox("promote", "d41", "--yes").code == 0
    assert "in the last hour 20 sessions (5.0 % with an error)" in sandbox("status").out
    assert sandbox("status", "--json").document["figures"]["total"]["p95"] == 0.7


def test_an_api_has_requests_only(pushed: Platform, sandbox: Sandbox) -> None:
    pushed.points = [point(requests=12)]
    done = sandbox("figures")
    assert "12 requests." in done.out
    assert "sessions" not in done.out


@pytest.mark.parametrize(
    ("values", "bars"), [([0, 0], "▁▁"), ([0, 5, 10], "▁▅█"), ([], ""), ([1], "█"), ([0.001, 1000], "▁█")]
)
def test_bars_are_as_high_as_their_values(values: list[float], bars: str) -> None:
    assert spark(values) == bars


def test_sessions_that_began_earlier_make_no_share_beyond_all() -> None:
    total = point(started=1, failed=5).model_dump(mode="json")
    assert "100.0 % with an error" in summary(total, "hour")  # type: ignore[arg-type]
