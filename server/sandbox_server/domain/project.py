"""A project without a lock: its DESCRIPTION, if that names packages, and what its code uses."""

import posixpath
from collections.abc import Collection, Mapping

from sandbox_server.domain import local_packages
from sandbox_server.domain.description import entries, needed_r, needs_of, parse_dcf
from sandbox_server.domain.packages import Use
from sandbox_server.domain.remotes import Spec, parse_spec
from sandbox_server.domain.requirement import Declaration, Origin, Requirement, Source
from sandbox_server.domain.scan import PACKAGE

_MOST_TOLD = 8
_VENDORED = ("packages", "renv/local")


def places(folder: str, name: str) -> list[str]:
    """Where a file of the project may be: in the app's folder, above it, and at the top."""
    found = [posixpath.join(folder, name)]
    while folder:
        folder = posixpath.dirname(folder)
        found.append(posixpath.join(folder, name))
    return found


def declared(
    texts: Mapping[str, str],
    paths: Collection[str],
    folder: str,
    used: Mapping[str, Use],
    asked: Collection[str],
) -> Declaration:
    """What DESCRIPTION names, and what the code uses beyond it. `asked`: what the code tries somewhere."""
    where, fields = _description(texts, folder)
    needs = needs_of(fields)
    said = {need.name: Requirement(need.name, where, at_least=need.at_least) for need in needs}
    suggested = {need.name for need in entries(fields.get("Suggests", ""))}
    own = fields.get("Package", "")
    beyond = {
        name: Requirement(name, str(use), optional=use.tried or (name in suggested and name in asked))
        for name, use in used.items()
        if name not in said and name != own
    }
    found = {**said, **beyond}
    found.pop(own, None)
    notices = _placed(found, fields, where, paths)
    _take_vendored(found, texts, folder)
    if said:
        notices += _told(where, beyond)
    return Declaration(
        Origin.description if said else Origin.code,
        r_version="",
        requirements=tuple(found[name] for name in sorted(found)),
        notices=tuple(notices + _old_r(fields, where)),
    )


def _take_vendored(found: dict[str, Requirement], texts: Mapping[str, str], folder: str) -> None:
    """A package that lies in the bundle is meant, and not one of the same name elsewhere."""
    for name, one in found.items():
        for place in _VENDORED if one.source is Source.repository else ():
            path = posixpath.join(folder, place, name)
            if parse_dcf(texts.get(f"{path}/DESCRIPTION", "")).get("Package") == name:
                found[name] = local_packages.with_path(one, path)
                break


def _description(texts: Mapping[str, str], folder: str) -> tuple[str, dict[str, str]]:
    for path in places(folder, "DESCRIPTION"):
        if path in texts:
            return path, parse_dcf(texts[path])
    return "DESCRIPTION", {}


def _told(where: str, beyond: Mapping[str, Requirement]) -> list[str]:
    names = sorted(name for name, one in beyond.items() if not one.optional)
    if not names:
        return []
    more = f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else ""
    return [f"The code uses what {where} does not name: {', '.join(names[:_MOST_TOLD])}{more}."]


def _old_r(fields: Mapping[str, str], where: str) -> list[str]:
    version = needed_r(fields)
    return [f"{where} asks for R {version} or newer."] if version else []


def _placed(
    found: dict[str, Requirement], fields: Mapping[str, str], where: str, paths: Collection[str]
) -> list[str]:
    """Gives the packages of the field Remotes their places; returns what has to be said of it."""
    notices: list[str] = []
    by_lower = {name.lower(): name for name in found}
    for text in fields.get("Remotes", "").split(",")[:200]:
        spec = parse_spec(text) if text.strip() else None
        if spec is None:
            continue
        name = by_lower.get(spec.package.lower(), "")
        if not name or not PACKAGE.fullmatch(name):
            notices.append(f"{where} names the remote {spec.text[:100]}, and no package that is called so.")
        elif placed := _at(found[name], spec, where, paths):
            found[name] = placed
        else:
            notices.append(
                f"{where}: {spec.text[:100]} cannot be fetched; {name} comes from the repositories."
            )
    return notices


def _at(one: Requirement, spec: Spec, where: str, paths: Collection[str]) -> Requirement | None:
    if spec.remote:
        return Requirement(one.name, where, at_least=one.at_least, source=Source.remote, remote=spec.remote)
    if spec.kind == "bioc":
        return Requirement(one.name, where, at_least=one.at_least, source=Source.bioconductor)
    if spec.kind == "local":
        path = local_packages.find(one.name, "", spec.path, posixpath.dirname(where), paths)
        return local_packages.with_path(one, path) if path else None
    return one if spec.kind in ("cran", "any", "standard") else None
