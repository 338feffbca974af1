"""What is too large or too much is refused before it is packed."""

from pathlib import Path

import pytest
from tests.cli.conftest import APP, Sandbox, commit, write
from tests.cli.server import Platform

from sandbox_cli import limits
from sandbox_server import wire_people

MIB = 1024 * 1024


@pytest.fixture
def small(logged_in: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A server whose limits a test can go beyond."""
    monkeypatch.setattr(limits, "MANY", 20)
    monkeypatch.setattr(limits, "LARGE", MIB)
    logged_in.limits = wire_people.Limits(bundle=4 * MIB, unpacked=6 * MIB, files=40)
    return logged_in


def hole(path: Path, size: int) -> None:
    """A file of that size that needs no disk."""
    with path.open("wb") as file:
        file.truncate(size)


def test_a_file_of_two_gigabytes_is_refused_by_name(
    logged_in: Platform, folder: Path, sandbox: Sandbox
) -> None:
    hole(folder / "sales.csv", 2 * 1024 * MIB)
    done = sandbox("deploy")
    assert done.code == 1
    assert "sales.csv has 2.0 GiB; a file may have 1.0 GiB at most." in done.err
    assert ".sandboxignore" in done.err
    assert not logged_in.uploads


def test_very_many_files_are_refused_with_their_folder(
    small: Platform, repository: Path, sandbox: Sandbox
) -> None:
    write(repository, {f"tiles/{n}/tile.png": "x" for n in range(50)})
    commit(repository, "tiles")
    done = sandbox("deploy")
    assert done.code == 1
    assert "These are 52 files and 50 folders; this server takes 40 in all." in done.err
    assert "Most are in tiles/ (50)." in done.err
    assert not small.uploads


def test_files_that_are_too_much_together_are_refused(
    small: Platform, folder: Path, sandbox: Sandbox
) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        hole(folder / name, 3 * MIB)
    done = sandbox("deploy")
    assert "These files have 9.0 MiB together; this server takes 6.0 MiB." in done.err
    assert not small.uploads


def test_a_file_over_100_mb_within_the_limits_goes_up(
    logged_in: Platform, folder: Path, sandbox: Sandbox
) -> None:
    write(folder, {"app.R": APP})
    hole(folder / "big.csv", 101 * MIB)
    assert sandbox("deploy").code == 0
    assert len(logged_in.files(logged_in.newest("sales"))["big.csv"]) == 101 * MIB
