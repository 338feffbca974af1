"""Source packages that lie in a bundle."""

import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from sandbox_server.domain.description import needs_of, parse_dcf
from sandbox_server.domain.requirement import Requirement, Source, Trouble

_PLACES = ("renv/local", "renv/cellar", "packages", "local", "pkgs", "vendor", "")
_NO_WAY = re.compile(r"^(?:[A-Za-z]:[\\/]|/|~)")


def find(name: str, version: str, hint: str, folder: str, paths: Collection[str]) -> str:
    """A .tar.gz or a folder with a DESCRIPTION; empty if there is none.

    `hint` is where the lock says that it is, below `folder`, the lock's own.
    """
    tops = [folder] if not folder else [folder, ""]
    given = hint.replace("\\", "/").removeprefix("file://")
    if given and not _NO_WAY.match(given):
        places = [posixpath.normpath(posixpath.join(top, given)) for top in tops]
        if found := next((place for place in places if _is_package(place, paths)), ""):
            return found
    base = posixpath.basename(given.rstrip("/"))
    files = [f"{name}_{version}.tar.gz", name, *([base] if base else [])]
    for top in tops:
        for place in _PLACES:
            for below in (place, posixpath.join(place, name)):
                for file in files:
                    path = posixpath.normpath(posixpath.join(top, below, file))
                    if path != "." and _is_package(path, paths):
                        return path
    return ""


def check(requirements: Iterable[Requirement], texts: Mapping[str, str]) -> list[Trouble]:
    """What is wrong with the local ones: another name or version in the folder, or a circle of needs."""
    local = {one.name: one for one in requirements if one.source is Source.local}
    troubles: list[Trouble] = []
    # More than one may name the same place.
    needs: dict[str, set[str]] = {}
    read = {
        path: parse_dcf(texts.get(f"{path}/DESCRIPTION", "")) for path in {one.path for one in local.values()}
    }
    needed = {path: {need.name for need in needs_of(fields)} & local.keys() for path, fields in read.items()}
    for name, one in local.items():
        fields = read[one.path]
        needs[name] = needed[one.path]
        if fields and fields.get("Package") != name:
            troubles.append(_differs(one, f"{one.path} holds {fields.get('Package', 'no package')[:100]}"))
        elif fields and one.version and fields.get("Version", "") != one.version:
            troubles.append(_differs(one, f"{one.path} has {fields.get('Version', 'no version')[:50]}"))
    return troubles + _circle(needs)


def with_path(one: Requirement, path: str) -> Requirement:
    return replace(one, source=Source.local, path=path, remote=None, repository="")


def _is_package(path: str, paths: Collection[str]) -> bool:
    return (path.endswith(".tar.gz") and path in paths) or f"{path}/DESCRIPTION" in paths


def _differs(one: Requirement, found: str) -> Trouble:
    return Trouble(
        one.name, one.version or "any", found, "write the lock again: `renv::snapshot()`, then push"
    )


def _circle(needs: Mapping[str, set[str]]) -> list[Trouble]:
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = [str(name) for name in error.args[1]]
        return [
            Trouble(
                circle[0],
                "a local package",
                f"they need each other: {' → '.join(reversed(circle))}",
                "take one of these out of the other's DESCRIPTION",
            )
        ]
    return []
