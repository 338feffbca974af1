"""Which files of a bundle are an app's code."""

import posixpath
from collections.abc import Collection, Iterable

from sandbox_server.domain.documents import is_document

_TOOLS = frozenset(
    (
        "renv",
        "packrat",
        "tests",
        "testthat",
        ".git",
        "node_modules",
        "data-raw",
        "dev",
        "man",
        "revdep",
        "vignettes",
        "cypress",
        "docs",
        ".github",
        ".rproj.user",
        ".rhino",
        "rsconnect",
        "__macosx",
    )
)
"""Folders below the app's own whose code does not run in it, unless it is named."""
_NEVER = frozenset(("renv", "packrat", ".git", "node_modules", "__macosx"))


def is_code(path: str) -> bool:
    """An R file, or a document with R code."""
    name = path.lower().rpartition("/")[2]
    return (name.endswith(".r") or is_document(path)) and not name.startswith("._")


def code_below(folder: str, paths: Iterable[str]) -> list[str]:
    """The code of the app in `folder` ("" is the top), nearest first."""
    inside = [path for path in paths if is_code(path) and (not folder or path.startswith(f"{folder}/"))]
    own = [path for path in inside if not _TOOLS & _folders(path, folder) and not _is_about(path)]
    return sorted(own, key=_nearest)


def code_elsewhere(paths: Iterable[str], own: Collection[str]) -> list[str]:
    """The other code of the bundle, that an app may lead to."""
    known = set(own)
    others = [path for path in paths if is_code(path) and path not in known]
    return sorted((path for path in others if not _NEVER & _folders(path, "")), key=_nearest)


def _nearest(path: str) -> tuple[int, str]:
    return (path.count("/"), path)


def _folders(path: str, folder: str) -> frozenset[str]:
    inside = path[len(folder) + 1 :] if folder else path
    return frozenset(inside.lower().split("/")[:-1])


def _is_about(path: str) -> bool:
    return posixpath.basename(path).lower().startswith(("readme.", "news.", "changelog."))
