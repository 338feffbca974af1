"""Declaration: which packages an app needs, from the first of its files that says so.

renv.lock, else rsconnect's manifest.json, else DESCRIPTION, else what the code uses; each in the app's own folder,
then at the bundle's top. Everything that is wrong with them is said here, in one list, before anything is built.
"""

import posixpath
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from sandbox_server.domain import local_packages, lock_text, manifest, project, renv_lock
from sandbox_server.domain.app_code import is_code
from sandbox_server.domain.description import parse_dcf
from sandbox_server.domain.kind import Kind
from sandbox_server.domain.packages import AppCode, Use, read_code
from sandbox_server.domain.requirement import Declaration, Origin, Requirement, Trouble

_IMPLIED: dict[Kind, tuple[str, ...]] = {
    Kind.shiny: ("shiny",),
    Kind.rmd_shiny: ("knitr", "rmarkdown", "shiny"),
    Kind.quarto_shiny: ("knitr", "rmarkdown", "shiny"),
    Kind.rmd: ("knitr", "rmarkdown"),
    Kind.quarto: (),
    Kind.plumber: ("plumber",),
    Kind.static: (),
}
_NAMED = frozenset(("renv.lock", "manifest.json", "DESCRIPTION", "requirements.txt"))
_SITES = frozenset(("_site.yml", "_bookdown.yml"))
_FOREIGN = {
    "packrat/packrat.lock": "packrat's lock is not read; `renv::migrate()` makes a renv.lock of it",
    "environment.yml": "conda's environment is not read",
}


def declare(
    texts: Mapping[str, str],
    paths: Collection[str],
    code: AppCode,
    *,
    kind: Kind,
    folder: str = "",
    entry: str = "",
) -> Declaration:
    """What the files of a bundle say about packages.

    `texts`: those of `is_wanted`; `paths`: all files. `folder` is the app's, "" the top; `entry` the file that
    starts it. A static site needs none.
    """
    if kind is Kind.static:
        return Declaration(Origin.code)
    known = frozenset(paths)
    found = _lock(texts, known, folder)
    used = _implied(kind, entry, code.uses)
    own = _own_names(texts, folder)
    without = project.declared(texts, known, folder, used, code.asked)
    made = _with_behind(found, used, own) if found else without
    return replace(
        made,
        troubles=(*made.troubles, *local_packages.check(made.requirements, texts)),
        notices=(*made.notices, *code.notices, *_foreign(known, folder)),
    )


def code_of(texts: Mapping[str, str], *, kind: Kind, folder: str = "", entry: str = "") -> AppCode:
    """What the app's own code says. In a site, every document counts."""
    if kind is Kind.static:
        return AppCode({}, frozenset(), frozenset(), ())
    site = kind.renders and any(posixpath.join(folder, name) in texts for name in _SITES)
    return read_code(texts, folder, "" if site else entry)


def is_wanted(path: str) -> bool:
    """Is the text of this file needed to know what an app needs?"""
    name = path.rpartition("/")[2]
    return is_code(path) or name in _NAMED or name in _SITES


def _lock(texts: Mapping[str, str], paths: Collection[str], folder: str) -> Declaration | None:
    for name, origin in (("renv.lock", Origin.renv), ("manifest.json", Origin.manifest)):
        for path in project.places(folder, name):
            if path not in texts:
                continue
            try:
                read = renv_lock.parse if origin is Origin.renv else manifest.parse
                found = read(texts[path], path, paths)
            except lock_text.Unreadable as error:
                remedy = "write it again: `renv::snapshot()`, then push"
                if origin is Origin.manifest:
                    remedy = "write it again: `rsconnect::writeManifest()`; or leave it out"
                return Declaration(origin, troubles=(Trouble(path, "a lock", f"{path} {error}", remedy),))
            if found:
                return found
    return None


def _implied(kind: Kind, entry: str, uses: Mapping[str, Use]) -> dict[str, Use]:
    """With what an app of this kind needs although its code may not say so."""
    found = dict(uses)
    for package in _IMPLIED[kind]:
        if package not in found or found[package].tried:
            found[package] = Use(entry or kind.value, 1)
    return found


def _with_behind(lock: Declaration, used: Mapping[str, Use], own: Collection[str]) -> Declaration:
    """With what the code needs and the lock lacks. What is only tried may be lacking."""
    if lock.troubles and not lock.requirements:
        return lock
    locked = {one.name for one in lock.requirements} | {trouble.package for trouble in lock.troubles}
    behind = (
        Requirement(name, str(use))
        for name, use in sorted(used.items())
        if name not in locked and name not in own and not use.tried and name != "renv"
    )
    return replace(lock, behind=tuple(behind))


def _own_names(texts: Mapping[str, str], folder: str) -> set[str]:
    """Of the package that the project itself is."""
    found = (
        parse_dcf(texts.get(path, "")).get("Package", "") for path in project.places(folder, "DESCRIPTION")
    )
    return {name for name in found if name}


def _foreign(paths: Collection[str], folder: str) -> Iterable[str]:
    for name, words in _FOREIGN.items():
        for path in project.places(folder, name):
            if path in paths:
                yield f"{path}: {words}."
