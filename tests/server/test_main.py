"""The program's commands, as an administrator types them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox_server.app import only_one, platform_id
from sandbox_server.main import Told


def sandboxd(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("sandboxd")
    environment = {**os.environ, "SANDBOX_HOME": str(home)}
    return subprocess.run(
        [program, *words], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("words", [("quiet",), ("destroy", "--yes")])
def test_nothing_is_taken_away_beside_a_server(tmp_path: Path, words: tuple[str, ...]) -> None:
    with only_one(tmp_path):
        done = sandboxd(tmp_path, *words)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"A server runs already on {tmp_path}.",
        "Stop it first: `make stop`, or `systemctl stop sandboxd`.",
    ]


def test_a_platform_keeps_its_id(tmp_path: Path) -> None:
    made = platform_id(tmp_path)
    assert (len(made), platform_id(tmp_path)) == (6, made)


def test_a_step_is_told_unless_a_line_just_said_it(capsys: pytest.CaptureFixture[str]) -> None:
    told = Told()
    for words in ("pulling r-ver:4.3", "pulling r-ver:4.3"):
        told.step(words)
    told.line("unpacking the system")
    told.step("making a base image: unpacking the system")
    told.step("taking stock")
    assert capsys.readouterr().err.splitlines() == [
        "pulling r-ver:4.3",
        "unpacking the system",
        "taking stock",
    ]


def test_a_user_has_a_mail_address_of_their_own(tmp_path: Path) -> None:
    added = sandboxd(tmp_path, "user", "add", "ann", "--email", "ann@example.org")
    assert added.stdout.startswith("sbx_")
    assert sandboxd(tmp_path, "user", "add", "ben").returncode == 0
    taken = sandboxd(tmp_path, "user", "email", "ben", "Ann@Example.org")
    assert (taken.returncode, taken.stdout) == (1, "")
    assert taken.stderr.splitlines()[0] == "Ann@Example.org is the address of 'ann'."
    assert sandboxd(tmp_path, "user", "email", "ben", "ben@example.org").stdout == "ben is ben@example.org.\n"
    assert sandboxd(tmp_path, "user", "email", "ben", "").stdout == "ben is without a mail address.\n"
