"""Which of the files that stay behind the code seems to read: it looks at texts in the code, and may err."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from sandbox_cli import git
from sandbox_cli.selection import Selection, never

CODE = (".r", ".rmd", ".qmd")
TEXT = re.compile(r'"([^"\n\\]{1,300})"|\'([^\'\n\\]{1,300})\'')
LARGEST = 2_000_000
"""Bytes of a source file beyond which it is not looked at."""
MOST = 2000
"""Files of an ignored folder that are looked at."""


def ignored_by_git(folder: Path, selection: Selection) -> dict[str, str]:
    packed = {member.path for member in selection.members}
    return {path: "ignored by git" for path in git.ignored(folder) if path not in packed}


def seem_read(folder: Path, selection: Selection, left_out: dict[str, str]) -> list[str]:
    """Paths, as they are in the folder or as the code names them."""
    packed = {member.path for member in selection.members}
    names = {path.rpartition("/")[2]: path for path in _files(folder, left_out)}
    found = set()
    for text in _texts(selection):
        path = os.path.normpath(text).replace(os.sep, "/")
        if path not in packed and not path.startswith("../") and _is_file(folder / path):
            found.add(path)
        elif text.rpartition("/")[2] in names and not any(
            p.endswith(f"/{text}") or p == path for p in packed
        ):
            found.add(names[text.rpartition("/")[2]])
    return sorted(found)


def _texts(selection: Selection) -> Iterator[str]:
    for member, content in zip(selection.members, selection.opened(), strict=True):
        if member.path.lower().endswith(CODE) and member.size < LARGEST:
            for double, single in TEXT.findall(content.read().decode(errors="replace")):
                yield double or single


def _files(folder: Path, left_out: dict[str, str]) -> Iterator[str]:
    count = 0
    for path in left_out:
        if not path.endswith("/"):
            yield path
            continue
        if never(path):
            continue
        for place, _, names in os.walk(folder / path):
            for name in names:
                count += 1
                if count > MOST:
                    return
                yield (Path(place) / name).relative_to(folder).as_posix()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
