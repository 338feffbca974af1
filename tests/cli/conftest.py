"""A person at a terminal: a folder, a git repository, a server, and the command."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.server import TOKEN, Platform, Server

from sandbox_cli.main import run
from sandbox_cli.place import CI_BRANCH

APP = "library(shiny)\nshinyApp(fluidPage(), function(input, output) {})\n"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Sandbox = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings reaches a test."""
    for variable in (
        *CI_BRANCH,
        "CI",
        "SANDBOX_URL",
        "SANDBOX_TOKEN",
        "SANDBOX_CA_BUNDLE",
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "COLUMNS",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("SANDBOX_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")


@pytest.fixture
def server() -> Iterator[Platform]:
    server = Server()
    server.start()
    yield server.platform
    server.stop()


@pytest.fixture
def logged_in(server: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setenv("SANDBOX_URL", server.url)
    monkeypatch.setenv("SANDBOX_TOKEN", TOKEN)
    return server


@pytest.fixture
def sandbox(capfd: pytest.CaptureFixture[str]) -> Sandbox:
    """Runs the command in this process."""

    def call(*arguments: str) -> Outcome:
        capfd.readouterr()
        code = run(list(arguments))
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return call


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An app that is not in git, and where the person stands."""
    place = tmp_path / "sales"
    write(place, {"app.R": APP})
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def repository(folder: Path) -> Path:
    """The app in git, with the branches main (checked out) and feature-x."""
    git(folder, "init", "-q", "-b", "main")
    write(folder, {".gitignore": "secret.csv\ndata/\n"})
    commit(folder, "first")
    git(folder, "checkout", "-q", "-b", "feature-x")
    write(folder, {"only-there.txt": "x"})
    commit(folder, "a feature")
    git(folder, "checkout", "-q", "main")
    return folder


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, message: str) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")
