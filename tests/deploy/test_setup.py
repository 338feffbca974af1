"""The setup script's sentences, and its promise to change nothing when nothing is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = (
    "sh",
    "dirname",
    "mkdir",
    "uname",
    "id",
    "grep",
    "env",
    "cat",
    "sed",
    "sha256sum",
    "date",
    "tail",
    "cut",
    "tr",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the script reads, and a PATH with a few programs on it."""
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT / "deploy", copy / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, copy)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in NEEDED:
        (programs / name).symlink_to(shutil.which(name) or f"/usr/bin/{name}")
    return copy


def pretend(checkout: Path, name: str, script: str) -> None:
    program = checkout.parent / "bin" / name
    program.unlink(missing_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def setup(checkout: Path, what: str = "run") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(checkout.parent / "bin"), "HOME": os.environ["HOME"]}
    return subprocess.run(
        [checkout / "deploy/setup.sh", what], env=environment, capture_output=True, text=True, check=False
    )


def test_on_another_system_it_names_the_other_way(checkout: Path) -> None:
    pretend(checkout, "uname", "echo Darwin")
    answer = setup(checkout, "run")
    assert answer.returncode == 1
    assert "this is Darwin" in answer.stderr
    assert "docker compose -f deploy/compose.yaml up" in answer.stderr


def test_without_apt_it_names_what_is_missing(checkout: Path) -> None:
    answer = setup(checkout)
    assert answer.returncode == 1
    assert "git" in answer.stderr
    assert "your system's own tools" in answer.stderr


def test_without_rights_it_says_so_before_it_changes_anything(checkout: Path) -> None:
    pretend(checkout, "id", "echo 1000")
    pretend(checkout, "apt-get", "exit 99")
    answer = setup(checkout)
    assert answer.returncode == 1
    assert "git" in answer.stdout
    assert "needs root rights, and there is no sudo here" in answer.stderr


def test_a_package_that_cannot_be_had_is_named(checkout: Path) -> None:
    pretend(checkout, "id", "echo 0")
    pretend(checkout, "apt-get", "exit 0")
    pretend(checkout, "apt-cache", "exit 100")
    answer = setup(checkout)
    assert answer.returncode == 1
    assert "cannot be had from this machine" in answer.stderr


def test_a_step_that_fails_shows_its_last_words(checkout: Path) -> None:
    pretend(checkout, "id", "echo 0")
    pretend(checkout, "apt-get", "echo 'E: the mirror is asleep'; exit 100")
    answer = setup(checkout)
    assert answer.returncode == 1
    assert "E: the mirror is asleep" in answer.stderr
    assert "This step did not work: Reading package lists" in answer.stderr
    assert ".sandbox/setup.log" in answer.stderr
