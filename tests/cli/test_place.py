"""Which branch and app a command means."""

from pathlib import Path

import pytest
from tests.cli.conftest import APP, commit, git, write

from sandbox_cli import names, place
from sandbox_cli.errors import Failure, WrongUse


def detach(repository: Path) -> str:
    git(repository, "checkout", "-q", "--detach")
    return git(repository, "rev-parse", "HEAD")


def test_the_current_branch_is_the_folder(repository: Path) -> None:
    origin = place.origin(repository, None)
    assert (origin.branch, origin.from_folder, origin.changed) == ("main", True, 0)


def test_a_repository_without_a_commit_pushes_its_folder(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "trunk")
    origin = place.origin(folder, None)
    assert (origin.branch, origin.commit, origin.changed) == ("trunk", "", 1)
    with pytest.raises(Failure, match="no branch main"):
        place.origin(folder, "main")


@pytest.mark.parametrize(
    ("variable", "value", "branch"),
    [
        ("GITHUB_HEAD_REF", "feature/x", "feature/x"),
        ("GITHUB_REF_NAME", "main", "main"),
        ("CI_COMMIT_REF_NAME", "dev", "dev"),
        ("BUILD_SOURCEBRANCH", "refs/heads/feature/x", "feature/x"),
        ("BUILD_SOURCEBRANCHNAME", "dev", "dev"),
        ("BRANCH_NAME", "dev", "dev"),
        ("BITBUCKET_BRANCH", "dev", "dev"),
        ("CIRCLE_BRANCH", "dev", "dev"),
        ("GIT_BRANCH", "origin/dev", "dev"),
    ],
)
def test_a_detached_head_in_ci_has_the_hosts_branch(
    repository: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, branch: str
) -> None:
    head = detach(repository)
    monkeypatch.setenv(variable, value)
    origin = place.origin(repository, None)
    assert (origin.branch, origin.commit, origin.from_folder) == (branch, head, True)


def test_a_pull_request_has_its_own_branch(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detach(repository)
    monkeypatch.setenv("GITHUB_REF_NAME", "7/merge")
    monkeypatch.setenv("GITHUB_HEAD_REF", "feature-x")
    assert place.origin(repository, None).branch == "feature-x"


def test_a_detached_head_elsewhere_is_wrong_use(repository: Path) -> None:
    detach(repository)
    with pytest.raises(WrongUse, match="detached"):
        place.origin(repository, None)


def test_a_ci_that_only_has_the_commit_may_name_its_branch(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detach(repository)
    monkeypatch.setenv("CI", "true")
    assert place.origin(repository, "not-fetched").from_folder


def test_a_branch_that_only_the_remote_has_is_found(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(repository), "clone")
    origin = place.origin(tmp_path / "clone", "feature-x")
    assert (origin.commit, origin.from_folder) == (git(repository, "rev-parse", "feature-x"), False)


def test_a_hook_of_git_does_not_lead_elsewhere(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert place.origin(repository, None).branch == "main"


def test_a_command_below_the_app_means_the_app(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(repository, {"R/helper.R": "1"})
    monkeypatch.chdir(repository / "R")
    assert place.app(None) == "sales"


def test_the_name_in_sandbox_toml_comes_first(repository: Path) -> None:
    write(repository, {"sandbox.toml": 'name = "revenue"'})
    assert place.app(None) == "revenue"


def test_another_branch_has_its_own_name(repository: Path) -> None:
    write(repository, {"app.R": APP + "#"})
    commit(repository, "later")
    assert place.origin(repository, "feature-x").commit == git(repository, "rev-parse", "feature-x")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("My Sales (2024)", "my-sales-2024"),
        ("2024", "app-2024"),
        ("Überblick", "uberblick"),
        ("a" * 50, "a" * 30),
        ("x--y_", "x-y"),
    ],
)
def test_folders_become_names(folder: str, name: str) -> None:
    assert names.app_of_folder(folder) == name
    assert names.checked_app(name) == name


def test_a_folder_without_letters_gives_no_name() -> None:
    with pytest.raises(Failure, match="gives no name"):
        names.app_of_folder("日本")


@pytest.mark.parametrize("text", ["42", "d42", "sales#42", "sales#d42"])
def test_deployments_are_written_in_three_ways(text: str) -> None:
    assert names.deployment(text).number == 42


def test_an_empty_branch_is_wrong_use_and_not_the_default(folder: Path) -> None:
    with pytest.raises(WrongUse, match="--branch is empty"):
        place.origin(folder, "")
