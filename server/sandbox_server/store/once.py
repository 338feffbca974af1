"""Small files that are made once and then stay, such as a key: what has its name is whole."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def read_or_make(path: Path, make: Callable[[], bytes], mode: int = 0o400) -> bytes:
    """What is in the file; the first time, what `make` returns. Whoever comes second reads the first one's.

    A kill in the middle leaves no file of that name.
    """
    if not path.exists():
        _make(path, make(), mode)
    return path.read_bytes()


def sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(path: Path, content: bytes, mode: int) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
        try:
            # Unlike a rename, a link fails if somebody else was faster.
            os.link(file.name, path)
        except FileExistsError:
            return
    sync(path.parent)
