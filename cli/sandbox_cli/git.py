"""What git knows of a folder. Each question is one git process, with its arguments as a list."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from sandbox_cli.errors import Failure

HISTORY = 200
"""Commits told with a push, so that two deployments can be compared."""
UNBORN = "(initial)"
DETACHED = "(detached)"


class Entry(NamedTuple):
    """One line of a commit's tree."""

    mode: str
    kind: str
    oid: str
    size: int
    path: str


@dataclass(frozen=True)
class State:
    """What is checked out in a folder."""

    branch: str | None
    """None on a detached HEAD."""
    commit: str
    """Empty before the first commit."""
    changed: int
    """Files in this folder that differ from the commit, untracked ones included."""


def is_inside(folder: Path) -> bool:
    """Whether a repository holds the folder; says so without starting git."""
    return any((place / ".git").exists() for place in (folder, *folder.parents))


def state(folder: Path) -> State:
    parts = _git(
        folder, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--", "."
    ).split("\0")
    head = {part.split(" ")[1]: part.split(" ", 2)[2] for part in parts if part.startswith("# ")}
    branch, commit = head["branch.head"], head["branch.oid"]
    return State(
        None if branch == DETACHED else branch,
        "" if commit == UNBORN else commit,
        sum(part[:2] in ("1 ", "2 ", "u ", "? ") for part in parts),
    )


def history(folder: Path, commit: str) -> list[str]:
    """Newest first: the short hash and the first line."""
    text = _git(folder, "log", f"-n{HISTORY}", "--no-show-signature", "--format=%h %s", "-z", commit, "--")
    return [_readable(line)[:500] for line in text.split("\0") if line]


def branches(folder: Path) -> dict[str, str]:
    """Branch → commit; a branch that only a remote has stands under its own name too."""
    text = _git(folder, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/remotes")
    local: dict[str, str] = {}
    remote: dict[str, str] = {}
    for line in text.splitlines():
        commit, _, ref = line.partition(" ")
        if ref.startswith("refs/heads/"):
            local[ref.removeprefix("refs/heads/")] = commit
        elif not ref.endswith("/HEAD"):
            remote.setdefault(ref.removeprefix("refs/remotes/").partition("/")[2], commit)
    return {**remote, **local}


class Ancestors(NamedTuple):
    """The commits of the main branch, as far as one looks back."""

    all: frozenset[str]
    first: frozenset[str]
    """Those made on it, or moved to it without a merge."""


def main_branch(folder: Path) -> str | None:
    """The full name of the branch into which others are merged: the remote's, else the local one."""
    refs = (
        "refs/remotes/origin/HEAD",
        *(
            f"{place}/{name}"
            for place in ("refs/remotes/origin", "refs/heads")
            for name in ("main", "master")
        ),
    )
    found = set(_git(folder, "for-each-ref", "--format=%(refname)", *refs).split())
    return next((ref for ref in refs if ref in found), None)


def knows_all_branches(folder: Path) -> bool:
    """Whether a fetch would bring every branch of the remote, and all of the history is here."""
    if _git(folder, "rev-parse", "--is-shallow-repository").strip() != "false":
        return False
    try:
        wanted = _git(folder, "config", "--get-all", "remote.origin.fetch")
    except Failure:
        return True  # there is no remote
    return "refs/heads/*:" in wanted


def ancestors(folder: Path, ref: str) -> Ancestors:
    """Of the newest 20,000 commits."""
    look_back = ("rev-list", "-n20000", "--end-of-options", ref, "--")
    first = ("rev-list", "--first-parent", "-n20000", "--end-of-options", ref, "--")
    return Ancestors(frozenset(_git(folder, *look_back).split()), frozenset(_git(folder, *first).split()))


def existing_commits(folder: Path, commits: list[str]) -> set[str]:
    """Those of these that the repository has."""
    asked = sorted({commit for commit in commits if re.fullmatch(r"[0-9a-f]{7,64}", commit)})
    if not asked:
        return set()
    said = _git(
        folder, "cat-file", "--batch-check=%(objectname) %(objecttype)", stdin="\n".join(asked) + "\n"
    )
    lines = zip(asked, said.splitlines(), strict=False)
    return {commit for commit, line in lines if line.endswith(" commit")}


def files(folder: Path) -> list[str]:
    """What git tracks here or does not ignore, relative to the folder; submodules as their folder."""
    found = _git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return sorted({path.rstrip("/") for path in found if path})


def ignored(folder: Path) -> list[str]:
    """What git ignores here; a folder that is ignored as a whole ends in a slash."""
    found = _git(
        folder, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"
    ).split("\0")
    return sorted(path for path in found if path)


def tree(folder: Path, commit: str) -> list[Entry]:
    """All of a commit's files below the folder, relative to it."""
    entries = []
    for line in _git(folder, "ls-tree", "-r", "-z", "-l", commit, "--", ".").split("\0"):
        if line:
            about, path = line.split("\t", 1)
            mode, kind, oid, size = about.split()
            entries.append(Entry(mode, kind, oid, 0 if size == "-" else int(size), path))
    return entries


def contents(folder: Path, oids: list[str]) -> Iterator[bytes]:
    """The files' bytes, in the order asked for, from one git process."""
    with subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
        _arguments(folder, ("cat-file", "--batch")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for oid in oids:
            process.stdin.write(f"{oid}\n".encode())
            process.stdin.flush()
            yield _object(process.stdout, oid)
        process.stdin.close()


def _object(output: IO[bytes], oid: str) -> bytes:
    head = output.readline().split()
    if len(head) != 3:
        raise Failure(
            f"git does not have the object {oid} of that commit.", "Fetch it: `git fetch`.", code="git"
        )
    content = output.read(int(head[2]))
    output.read(1)
    return content


def _git(folder: Path, *arguments: str, stdin: str = "") -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, no shell
            _arguments(folder, arguments),
            capture_output=True,
            check=False,
            env=_environment(),
            input=stdin.encode(),
        )
    except FileNotFoundError as error:
        raise Failure(
            f"{folder} is in a git repository, but the command git is not installed.",
            "Install git.",
            code="git",
        ) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it gave no reason"]
        raise Failure(
            f"git cannot read {folder}: {said[0]}.",
            "Try `git status` there.",
            code="git",
            detail="\n".join(said[1:]),
        )
    return done.stdout.decode(errors="surrogateescape")


def _readable(text: str) -> str:
    """With a mark for each byte that is no UTF-8, as in messages of old repositories."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _arguments(folder: Path, arguments: tuple[str, ...]) -> list[str]:
    return ["git", "--no-optional-locks", "-C", str(folder), "-c", "core.quotepath=off", *arguments]


def _environment() -> dict[str, str]:
    # Inside a git hook these name the repository of the hook, relative to another folder.
    places = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
    return {**{name: value for name, value in os.environ.items() if name not in places}, "LC_ALL": "C"}
