"""How a build that goes on is told, on a terminal and elsewhere; and long lines."""

from pathlib import Path

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.server import Platform

from sandbox_cli import progress
from sandbox_cli.console import folded
from sandbox_server import wire

PHASES = [
    "looking for packages",
    "fetching 2 packages: DT, leaflet",
    *(f"installing {n} of 3 packages: {name}" for n, name in enumerate(("DT", "leaflet", "zoo"), 1)),
]


def test_a_count_has_a_bar() -> None:
    assert progress.bar("installing 3 of 12 packages: zoo", 8) == "━━╌╌╌╌╌╌ installing 3 of 12 packages: zoo"
    assert progress.bar("installing 12 of 12 packages: zoo", 4).startswith("━━━━ ")
    assert progress.bar("starting R") == "starting R"
    assert progress.bar("0 of 0 packages") == "0 of 0 packages"


def test_without_a_terminal_each_phase_is_one_line(
    logged_in: Platform, folder: Path, sandbox: Sandbox
) -> None:
    logged_in.phases = list(PHASES)
    told = [line for line in sandbox("deploy").err.splitlines() if line.startswith("  d41 ")]
    assert told == [
        "  d41 waiting",
        "  d41 now building",
        "  d41 looking for packages",
        "  d41 fetching 2 packages: DT, leaflet",
        "  d41 installing 3 packages",
        "  d41 now starting",
    ]


def test_a_long_phase_is_told_again_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = progress.Lines()
    assert lines.line("installing 1 of 9 packages: zoo") == "installing 9 packages"
    assert lines.line("installing 2 of 9 packages: DT") is None
    monkeypatch.setattr(progress, "QUIET", -1)
    told = lines.line("installing 3 of 9 packages: rlang")
    assert told is not None
    assert told.startswith("installing 3 of 9 packages: rlang (")


def test_drift_and_notices_are_told_at_the_end(logged_in: Platform, folder: Path, sandbox: Sandbox) -> None:
    logged_in.built = {
        "r_version": "4.5.0",
        "origin": "renv.lock",
        "drift": ["rlang 1.1.5 instead of 1.1.3"],
        "notices": ["R 4.5.0 serves what was locked with 4.5.1."],
    }
    done = sandbox("deploy")
    assert "  R 4.5.0, packages from renv.lock" in done.err
    assert "R 4.5.0 serves what was locked with 4.5.1." in done.err
    assert "The library drifts from the lock in 1 package:\n    rlang 1.1.5 instead of 1.1.3" in done.err
    document = sandbox("deploy", "--json").document
    assert document["drift"] == logged_in.built["drift"]
    assert document["why"] == "app.R at the top"


def test_long_lines_of_a_table_are_folded_below_their_text() -> None:
    line = "    found: " + ", ".join(f"https://repository-{n}.example.org has 1.{n}" for n in range(4))
    pieces = folded(line, 60)
    assert all(len(piece) <= 60 for piece in pieces)
    assert all(piece.startswith(" " * 11) for piece in pieces[1:])
    assert " ".join(piece.strip() for piece in pieces) == line.strip()
    assert folded("short", 60) == ["short"]
    assert folded("x" * 100, 60) == ["x" * 100]


def test_the_table_of_what_could_not_be_had_fits_the_screen(
    logged_in: Platform, folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    detail = (
        "rlang  1.1.3 (renv.lock)\n"
        "    found: the base has 1.1.5, Debian has 1.1.5-1, https://cloud.r-project.org timed out after 30 s\n"
        '    do:    set `dependencies = "compatible"` in sandbox.toml, or run renv::snapshot() with R 4.5'
    )
    problem = wire.Problem(
        code="build_failed", message="1 package could not be had.", hint="Read.", detail=detail
    )
    logged_in.after_start = wire.Status.failed
    logged_in.trouble = problem
    done = sandbox("deploy")
    assert done.code == 1
    assert all(len(line) <= 80 for line in done.err.splitlines())
    assert "  rlang  1.1.3 (renv.lock)\n      found: the base has 1.1.5" in done.err
