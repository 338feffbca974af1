"""Which branches a repository takes for merged or deleted."""

from pathlib import Path

import pytest
from tests.cli.conftest import Sandbox, commit, git, write
from tests.cli.server import Platform

from sandbox_server import wire_sessions


@pytest.fixture
def clone(
    logged_in: Platform, repository: Path, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A person's clone of a team's repository; main and feature-x are pushed to it and have sandboxes."""
    shared = tmp_path / "shared.git"
    git(repository, "clone", "-q", "--bare", str(repository), str(shared))
    place = tmp_path / "clone" / "sales"
    git(repository, "clone", "-q", str(shared), str(place))
    git(place, "branch", "-q", "feature-x", "origin/feature-x")
    monkeypatch.chdir(place)
    for branch in ("feature-x", "main"):
        assert sandbox("deploy", "--branch", branch).code == 0
    return place


def told(platform: Platform, sandbox: Sandbox) -> wire_sessions.BranchesSeen:
    """What the next push of main tells."""
    done = sandbox("deploy", "--branch", "main")
    assert done.code == 0, done.err
    return platform.seen[-1]


def change(folder: Path, branch: str, text: str) -> str:
    git(folder, "checkout", "-q", branch)
    write(folder, {f"{text}.txt": text})
    made = commit(folder, text)
    git(folder, "checkout", "-q", "main")
    return made


def merge(folder: Path, branch: str) -> None:
    git(folder, "merge", "-q", "--no-ff", "-m", f"Merge {branch}", branch)
    git(folder, "push", "-q", "origin", "main")


def test_it_works(logged_in: Platform, clone: Path, sandbox: Sandbox) -> None:
    seen = told(logged_in, sandbox)
    assert (seen.branch, set(seen.existing), seen.merged) == ("main", {"main", "feature-x"}, [])


def test_a_merged_branch_is_told_and_the_person_reads_it(
    logged_in: Platform, clone: Path, sandbox: Sandbox
) -> None:
    merge(clone, "feature-x")
    done = sandbox("deploy")
    assert logged_in.seen[-1].merged == ["feature-x"]
    assert "The sandbox of feature-x will be removed on 8 Jan: its branch was merged." in done.err


def test_a_branch_that_went_on_after_its_merge_is_not_merged(
    logged_in: Platform, clone: Path, sandbox: Sandbox
) -> None:
    merge(clone, "feature-x")
    change(clone, "feature-x", "more")
    assert "feature-x" in told(logged_in, sandbox).existing


def test_a_fresh_branch_without_commits_of_its_own_is_not_merged(
    logged_in: Platform, clone: Path, sandbox: Sandbox
) -> None:
    git(clone, "branch", "fresh")
    assert sandbox("deploy", "--branch", "fresh").code == 0
    change(clone, "main", "later")
    git(clone, "push", "-q", "origin", "main")
    assert "fresh" in told(logged_in, sandbox).existing


def test_a_squashed_branch_stays_until_it_is_deleted(
    logged_in: Platform, clone: Path, sandbox: Sandbox
) -> None:
    git(clone, "merge", "-q", "--squash", "feature-x")
    commit(clone, "squashed")
    git(clone, "push", "-q", "origin", "main")
    assert "feature-x" in told(logged_in, sandbox).existing
    git(clone, "push", "-q", "origin", ":feature-x")
    assert "feature-x" in told(logged_in, sandbox).existing, "it is still here"
    git(clone, "branch", "-q", "-D", "feature-x")
    seen = told(logged_in, sandbox)
    assert "feature-x" not in (*seen.existing, *seen.merged)


def test_a_branch_that_only_a_colleague_has_counts_as_existing(
    logged_in: Platform, clone: Path, repository: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "checkout", "-q", "-b", "theirs")
    write(repository, {"theirs.txt": "x"})
    commit(repository, "theirs")
    with monkeypatch.context() as there:
        there.chdir(repository)
        assert sandbox("deploy").code == 0
    assert "theirs" in told(logged_in, sandbox).existing


def test_a_clone_of_one_branch_tells_nothing(
    logged_in: Platform, clone: Path, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(logged_in.seen)
    for name, more in (("one", ["--single-branch"]), ("shallow", ["--depth", "1"])):
        place = tmp_path / name / "sales"
        git(clone, "clone", "-q", *more, f"file://{tmp_path / 'shared.git'}", str(place))
        monkeypatch.chdir(place)
        assert sandbox("deploy").code == 0
    assert len(logged_in.seen) == before


def test_a_repository_without_a_remote_judges_its_own_branches(
    logged_in: Platform, repository: Path, sandbox: Sandbox
) -> None:
    for branch in ("feature-x", "main"):
        assert sandbox("deploy", "--branch", branch).code == 0
    git(repository, "merge", "-q", "--no-ff", "-m", "Merge", "feature-x")
    git(repository, "branch", "-q", "-d", "feature-x")
    assert told(logged_in, sandbox).merged == ["feature-x"]


def test_a_folder_outside_of_git_tells_nothing(logged_in: Platform, folder: Path, sandbox: Sandbox) -> None:
    assert sandbox("deploy", "--branch", "main").code == 0
    assert logged_in.seen == []


def test_a_server_that_knows_nothing_of_it_does_not_disturb(
    logged_in: Platform, clone: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logged_in, "seen", None)
    done = sandbox("deploy")
    assert done.code == 0
    assert "Traceback" not in done.err
