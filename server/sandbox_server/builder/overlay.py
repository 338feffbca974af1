"""The folder that is laid over every base, kept in the server's home: it is whole at any time, whatever is killed."""

import shutil
from pathlib import Path

from sandbox_server.builder.base_extras import Extras, check_extras
from sandbox_server.errors import BadRequest


def keep_overlay(home: Path, folder: Path) -> None:
    """From now on this folder's files are laid over every base. Raises `BadRequest`."""
    check_extras(Extras(folder))
    kept = kept_overlay(home) or home / "overlay"
    given, ours = folder.resolve(), kept.resolve()
    if given in (ours, *ours.parents) or ours in given.parents:
        raise BadRequest(
            f"{folder} and {kept}, where the server keeps its own copy, lie in each other.",
            "Name a folder elsewhere; without --overlay the kept one is used again.",
        )
    draft, before = home / "overlay.draft", home / "overlay.before"
    for rest in (draft, before):
        shutil.rmtree(rest, ignore_errors=True)
    shutil.copytree(folder, draft, symlinks=True)
    if kept.exists():
        kept.rename(before)
    draft.rename(kept)
    shutil.rmtree(before, ignore_errors=True)


def kept_overlay(home: Path) -> Path | None:
    """The folder; None if none was ever given."""
    kept, before = home / "overlay", home / "overlay.before"
    if not kept.exists() and before.exists():
        before.rename(kept)  # killed between two names
    return kept if kept.is_dir() else None
