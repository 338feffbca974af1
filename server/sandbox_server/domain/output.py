"""Outputs of documents: gzipped archives that an app wrote, so nothing in them is trusted."""

from collections.abc import Iterator
from typing import BinaryIO

from sandbox_server.domain import tar
from sandbox_server.domain.archive import path_problem
from sandbox_server.errors import BadBundle

MOST = 20_000
"""Files and folders of one output."""


def entries(file: BinaryIO) -> Iterator[tuple[str, tar.Entry, tar.Body]]:
    """Every file and folder, by its path in the output; empty for the output's own folder.

    Raises `BadBundle` for what is no archive of one folder with regular files and folders, and for too many.
    """
    top = ""
    for count, (entry, body) in enumerate(tar.entries(file)):
        first, _, path = entry.name.removesuffix("/").partition("/")
        top = top or first
        problem = path_problem(entry.name.removesuffix("/"))
        if problem:
            raise BadBundle(f"The name {entry.name[:120]!r} {problem}.")
        if first != top or not (path or entry.folder):
            raise BadBundle(f"'{entry.name[:120]}' is not in the output's folder.")
        if count >= MOST:
            raise BadBundle(f"It has more than {MOST:,} files and folders.")
        yield path, entry, body
