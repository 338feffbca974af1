"""Which files go up: of a folder, or of a branch's commit without touching the folder."""

import io
import os
import posixpath
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple

from sandbox_cli import config, git
from sandbox_cli.errors import Failure

NEVER = {".git", ".Renviron", ".RData", ".Rhistory", ".Rproj.user", "node_modules"}
NEVER_BELOW = {("renv", "library"), ("renv", "staging")}
IGNORE_FILES = (".sandboxignore", ".rscignore")
CONFIG = "sandbox.toml"

Opens = Callable[[], Iterator[IO[bytes]]]


class Member(NamedTuple):
    """A file of the bundle: where it stands there, and where it comes from (a path, or an object of git)."""

    path: str
    size: int
    executable: bool
    origin: str


@dataclass(frozen=True)
class Selection:
    members: list[Member]
    left_out: dict[str, str]
    """Path → why; a folder ends in a slash."""
    project: dict[str, Any]
    """The fields of sandbox.toml."""
    opened: Opens = field(repr=False)
    """The members' bytes, in their order; each stream is read before the next one is asked for."""

    @property
    def size(self) -> int:
        return sum(member.size for member in self.members)


def of_folder(folder: Path, in_git: bool) -> Selection:
    """Raises `Failure` for what cannot be sent, naming the file."""
    text = _text(folder / CONFIG)
    project = config.project(text)
    left_out: dict[str, str] = {}
    listed = list(_tracked(folder)) if in_git else list(_walked(folder, left_out))
    chosen = _chosen(
        {*listed, *_included(folder, project)}, _rules(lambda name: _text(folder / name)), left_out
    )
    members = [member for path in chosen if (member := _file(folder, path))]
    return Selection(members, left_out, project, lambda: _files(members))


def of_commit(folder: Path, commit: str) -> Selection:
    entries = {entry.path: entry for entry in git.tree(folder, commit)}
    left_out: dict[str, str] = {}
    project = config.project(_blob(folder, entries, CONFIG))
    chosen = _chosen(set(entries), _rules(lambda name: _blob(folder, entries, name)), left_out)
    members = [_entry(folder, entries, path) for path in chosen]
    return Selection(members, left_out, project, lambda: _blobs(folder, members))


def never(path: str) -> bool:
    """Whether a path is one that no bundle holds, whatever the lists say."""
    parts = path.rstrip("/").split("/")
    return any(part in NEVER for part in parts) or any(pair in NEVER_BELOW for pair in pairwise(parts))


def _chosen(paths: set[str], unwanted: Callable[[str], str], left_out: dict[str, str]) -> list[str]:
    chosen = []
    for path in sorted(paths):
        reason = "never sent" if never(path) else unwanted(path)
        if reason:
            left_out[path] = reason
        else:
            chosen.append(path)
    return chosen


def _rules(read: Callable[[str], str | None]) -> Callable[[str], str]:
    """Tells the name of the list that leaves a path out, or nothing."""
    texts = [(name, text) for name in IGNORE_FILES if (text := read(name))]
    if not texts:
        return lambda _: ""
    from pathspec import GitIgnoreSpec

    specs = [(name, GitIgnoreSpec.from_lines(text.splitlines())) for name, text in texts]
    return lambda path: next((name for name, spec in specs if spec.match_file(path)), "")


# A folder


def _tracked(folder: Path) -> Iterator[str]:
    for path in git.files(folder):
        place = folder / path
        if place.is_dir() and not place.is_symlink():
            yield from _submodule(place, path)
        else:
            yield path


def _submodule(place: Path, path: str) -> Iterator[str]:
    if never(path):
        return
    if not (place / ".git").exists():
        raise Failure(
            f"The submodule {path} is empty, so the app would miss its files.",
            "Fetch it: `git submodule update --init --recursive`.",
            code="empty_submodule",
        )
    yield from (f"{path}/{inner}" for inner in _tracked(place))


def _walked(folder: Path, left_out: dict[str, str], below: str = "") -> Iterator[str]:
    for item in sorted(os.scandir(folder / below), key=lambda item: item.name):
        path = f"{below}{item.name}"
        if not item.is_dir(follow_symlinks=False):
            yield path
        elif never(path):
            left_out[f"{path}/"] = "never sent"
        else:
            yield from _walked(folder, left_out, f"{path}/")


def _included(folder: Path, project: dict[str, Any]) -> Iterator[str]:
    for pattern in _patterns(project):
        for found in folder.glob(pattern):
            inside = sorted(found.rglob("*")) if found.is_dir() else [found]
            yield from (path.relative_to(folder).as_posix() for path in inside if not path.is_dir())


def _patterns(project: dict[str, Any]) -> list[str]:
    patterns = project.get("include", [])
    if not isinstance(patterns, list) or not all(
        isinstance(pattern, str) and pattern for pattern in patterns
    ):
        raise Failure(
            "`include` in sandbox.toml must be a list of texts.",
            'Such as `include = ["data/*.csv"]`.',
            code="bad_config",
        )
    for pattern in patterns:
        if ".." in pattern.split("/") or pattern.startswith(("/", "~")) or Path(pattern).is_absolute():
            raise Failure(
                f"`include` in sandbox.toml names {pattern}, which is outside the folder.",
                "Copy the files into the folder.",
                code="bad_config",
            )
    return patterns


def _file(folder: Path, path: str) -> Member | None:
    place = folder / path
    if place.is_symlink():
        place = _target(folder, path)
    try:
        about = place.stat()
    except FileNotFoundError:
        # Tracked, but deleted in the folder.
        return None
    if not stat.S_ISREG(about.st_mode):
        raise Failure(
            f"{path} is neither a file nor a folder.",
            "Remove it, or name it in .sandboxignore.",
            code="bad_file",
        )
    return Member(_printable(path), about.st_size, bool(about.st_mode & 0o100), str(place))


def _target(folder: Path, path: str) -> Path:
    root = folder.resolve()
    try:
        target = (folder / path).resolve()
    except (OSError, RuntimeError):
        # A link that leads to itself: the second one is Python 3.11's and 3.12's word for it.
        raise _bad_link(path, str((folder / path).readlink())) from None
    if not target.is_relative_to(root) or not target.is_file() or never(target.relative_to(root).as_posix()):
        raise _bad_link(path, str((folder / path).readlink()))
    return target


def _bad_link(path: str, target: str) -> Failure:
    return Failure(
        f"{path} is a link to {target}, which is not a file inside the folder.",
        "Put the file itself there, or name the link in .sandboxignore.",
        code="bad_link",
    )


def _printable(path: str) -> str:
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode(errors="surrogateescape").decode(errors="replace")
        raise Failure(f"The name of {shown} is not UTF-8.", "Rename the file.", code="bad_file") from None
    return path


def _files(members: list[Member]) -> Iterator[IO[bytes]]:
    for member in members:
        try:
            with Path(member.origin).open("rb") as file:
                yield file
        except OSError as error:
            raise Failure(
                f"{member.path} cannot be read: {error.strerror}.", "Nothing was sent.", code="bad_file"
            ) from error


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(
            f"{path.name} cannot be read: {error}.", "It must be a text file in UTF-8.", code="bad_file"
        ) from error


# A commit


def _entry(folder: Path, entries: dict[str, git.Entry], path: str) -> Member:
    entry = entries[path]
    if entry.kind == "commit":
        raise Failure(
            f"{path} is a submodule, whose files are not in that commit.",
            "Check the branch out, `git submodule update --init`, and push the folder.",
            code="empty_submodule",
        )
    if entry.mode == "120000":
        entry = _linked(folder, entries, entry)
    return Member(_printable(path), entry.size, entry.mode == "100755", entry.oid)


def _linked(folder: Path, entries: dict[str, git.Entry], link: git.Entry) -> git.Entry:
    target = _decoded(folder, link.oid) or ""
    found = entries.get(posixpath.normpath(posixpath.join(posixpath.dirname(link.path), target)))
    if target.startswith("/") or not found or found.mode not in ("100644", "100755") or never(found.path):
        raise _bad_link(link.path, target)
    return found


def _blobs(folder: Path, members: list[Member]) -> Iterator[IO[bytes]]:
    yield from (
        io.BytesIO(content) for content in git.contents(folder, [member.origin for member in members])
    )


def _blob(folder: Path, entries: dict[str, git.Entry], path: str) -> str | None:
    return _decoded(folder, entries[path].oid) if path in entries else None


def _decoded(folder: Path, oid: str) -> str:
    return next(git.contents(folder, [oid])).decode("utf-8-sig", errors="replace")
