"""`sandbox ls` and `sandbox keep`."""

from datetime import UTC, datetime

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.server import Platform

from sandbox_server.wire_sessions import Sandbox as One

NOW = datetime.now(UTC)
MIB = 1024 * 1024


@pytest.fixture
def two(logged_in: Platform) -> Platform:
    shared = {"app": "sales", "used_at": NOW, "sessions": 0}
    awake = One(
        branch="main", deployment=42, status="ready", url="http://main--sales.apps.localhost", memory=90 * MIB,
        **shared,
    )  # fmt: skip
    asleep = One(
        branch="old", deployment=7, status="asleep", url="http://old--sales.apps.localhost", memory=None,
        removal="will be removed on 25 Nov: its branch was merged", **shared,
    )  # fmt: skip
    logged_in.sandboxes = [awake, asleep]
    return logged_in


def test_it_works(two: Platform, sandbox: Sandbox) -> None:
    done = sandbox("ls", "--sandboxes")
    assert done.code == 0, done.err
    rows = [line.split() for line in done.out.splitlines() if "sales" in line]
    assert [row[1:4] for row in rows] == [["main", "d42", "ready"], ["old", "d7", "asleep"]]
    assert "90 MiB" in done.out
    assert "2 sandboxes: 1 running with 90 MiB, 1 asleep." in done.err
    assert "sales, branch old: will be removed on 25 Nov: its branch was merged." in done.err
    assert "sandbox keep --app sales --branch old" in done.err


def test_json_is_the_list(two: Platform, sandbox: Sandbox) -> None:
    found = sandbox("ls", "--sandboxes", "--json").document
    assert [(one["status"], one["memory"]) for one in found] == [("ready", 90 * MIB), ("asleep", None)]


def test_one_app_alone(two: Platform, sandbox: Sandbox) -> None:
    assert sandbox("ls", "--app", "other", "--json").document == []


def test_a_sandbox_is_kept(two: Platform, sandbox: Sandbox) -> None:
    done = sandbox("keep", "--app", "sales", "--branch", "old")
    assert done.code == 0, done.err
    assert "The sandbox of old in sales stays. It is removed if nobody touches it until 2 Jan." in done.err
