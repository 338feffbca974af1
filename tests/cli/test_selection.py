"""Which files go up, and which are refused."""

import os
from pathlib import Path

import pytest
from tests.cli.conftest import APP, commit, git, write

from sandbox_cli import reads, selection
from sandbox_cli.bundle import packed
from sandbox_cli.errors import Failure

NEVER = {
    ".Renviron": "SECRET=1",
    ".RData": "x",
    ".Rhistory": "x",
    ".Rproj.user/a": "x",
    "renv/library/x/DESCRIPTION": "x",
    "node_modules/a.js": "x",
    "sub/.Renviron": "x",
}


def paths(found: selection.Selection) -> list[str]:
    return [member.path for member in found.members]


def folder_files(folder: Path) -> list[str]:
    return paths(selection.of_folder(folder, in_git=(folder / ".git").exists()))


def test_what_is_never_sent_is_not_sent_without_git(folder: Path) -> None:
    write(folder, {**NEVER, "R/x.R": "1", "renv/activate.R": "1"})
    assert folder_files(folder) == ["R/x.R", "app.R", "renv/activate.R"]


def test_what_is_never_sent_is_not_sent_even_if_tracked(repository: Path) -> None:
    write(repository, NEVER)
    head = commit(repository, "oh no")
    assert folder_files(repository) == [".gitignore", "app.R"]
    assert paths(selection.of_commit(repository, head)) == [".gitignore", "app.R"]


def test_include_brings_back_what_git_ignores_but_never_secrets(repository: Path) -> None:
    write(repository, {"data/a.csv": "1", "data/b.txt": "1", "secret.csv": "1", ".Renviron": "X=1"})
    write(repository, {"sandbox.toml": 'include = ["data/*.csv", ".Renviron"]'})
    assert folder_files(repository) == [".gitignore", "app.R", "data/a.csv", "sandbox.toml"]


def test_include_may_name_a_folder(repository: Path) -> None:
    write(repository, {"data/deep/a.csv": "1", "sandbox.toml": 'include = ["data"]'})
    assert "data/deep/a.csv" in folder_files(repository)


@pytest.mark.parametrize("name", selection.IGNORE_FILES)
def test_ignore_files_have_the_last_word(repository: Path, name: str) -> None:
    write(
        repository,
        {name: "*.log\n/notes/\n!keep.log\n", "a.log": "", "keep.log": "", "notes/x": "", "R/notes/x": ""},
    )
    found = selection.of_folder(repository, in_git=True)
    assert {"keep.log", "R/notes/x"} <= set(paths(found))
    assert found.left_out == {"a.log": name, "notes/x": name}
    head = commit(repository, "all")
    assert paths(selection.of_commit(repository, head)) == folder_files(repository)


def test_a_deleted_file_is_passed_over(repository: Path) -> None:
    (repository / ".gitignore").unlink()
    assert folder_files(repository) == ["app.R"]


def test_a_link_to_a_file_inside_is_that_file(repository: Path) -> None:
    write(repository, {"R/real.R": "real"})
    (repository / "link.R").symlink_to("R/real.R")
    head = commit(repository, "a link")
    for found in (selection.of_folder(repository, in_git=True), selection.of_commit(repository, head)):
        contents = dict(zip(paths(found), [file.read() for file in found.opened()], strict=True))
        assert contents["link.R"] == b"real"


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside.txt", "missing.R", "R", ".Renviron", "link"])
def test_other_links_are_refused_by_name(repository: Path, tmp_path: Path, target: str) -> None:
    write(tmp_path, {"outside.txt": "x", "sales/R/x.R": "x", "sales/.Renviron": "X=1"})
    (repository / "link").symlink_to(target)
    with pytest.raises(Failure, match="link is a link to"):
        selection.of_folder(repository, in_git=True)
    head = commit(repository, "a link")
    with pytest.raises(Failure, match="link is a link to"):
        selection.of_commit(repository, head)


def test_a_link_to_a_folder_is_refused_without_git(folder: Path) -> None:
    (folder / "all").symlink_to("/")
    with pytest.raises(Failure, match="all is a link to"):
        folder_files(folder)


def test_submodules_are_sent_if_they_are_there(repository: Path, tmp_path: Path) -> None:
    write(tmp_path, {"library/R/lib.R": "1"})
    git(tmp_path / "library", "init", "-q")
    commit(tmp_path / "library", "lib")
    git(
        repository,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        str(tmp_path / "library"),
        "lib",
    )
    assert "lib/R/lib.R" in folder_files(repository)
    head = commit(repository, "a submodule")
    git(repository, "submodule", "deinit", "-q", "--all", "-f")
    with pytest.raises(Failure, match="The submodule lib is empty"):
        folder_files(repository)
    with pytest.raises(Failure, match="lib is a submodule"):
        selection.of_commit(repository, head)


def test_special_files_are_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(Failure, match="pipe is neither a file nor a folder"):
        folder_files(folder)


def test_names_in_any_script_are_kept(repository: Path) -> None:
    write(repository, {"Größe 日本\t.R": "1"})
    head = commit(repository, "names")
    assert "Größe 日本\t.R" in folder_files(repository)
    assert paths(selection.of_commit(repository, head)) == folder_files(repository)


def test_the_bundle_is_the_same_for_the_same_files(repository: Path) -> None:
    with packed(selection.of_folder(repository, in_git=True)) as first:
        os.utime(repository / "app.R", (1, 1))
        with packed(selection.of_commit(repository, "HEAD")) as second:
            assert (first.digest, first.size) == (second.digest, second.size)


def test_the_code_is_looked_through_for_what_stays_behind(repository: Path) -> None:
    write(repository, {"secret.csv": "x", "data/deep/b.rds": "x", "data/unread.csv": "x"})
    code = 'read.csv("secret.csv"); readRDS(file.path("data", "deep", \'b.rds\')); source(".gitignore")'
    write(repository, {"app.R": APP + code})
    found = selection.of_folder(repository, in_git=True)
    left_out = reads.ignored_by_git(repository, found)
    assert set(left_out) == {"data/", "secret.csv"}
    assert reads.seem_read(repository, found, left_out) == ["data/deep/b.rds", "secret.csv"]
