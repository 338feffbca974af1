"""Files that are either the old or the new ones, also after a power cut."""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def put(folder: Path, texts: Mapping[str, str]) -> None:
    """Write each text to its name in this order; what is the same already is left alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    changed = [name for name, text in texts.items() if not _same(folder / name, text)]
    for name in changed:
        _replace(folder / name, texts[name])
    if changed:
        _sync_folder(folder)


def _same(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def _replace(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
