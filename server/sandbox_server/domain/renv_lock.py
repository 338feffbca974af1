"""renv.lock, as renv 0.9 to 1.x write it."""

from collections.abc import Collection, Mapping
from typing import Any

from sandbox_server.domain import lock_text
from sandbox_server.domain.description import entries
from sandbox_server.domain.lock_entries import Entries
from sandbox_server.domain.remotes import is_url
from sandbox_server.domain.requirement import Declaration, Origin
from sandbox_server.domain.versions import is_version

_NEEDING = ("Requirements", "Depends", "Imports", "LinkingTo")
_MOST = 5000
_SNAPSHOT = "Write it again with `renv::snapshot()`, then push."


def parse(text: str, where: str, paths: Collection[str]) -> Declaration:
    """What the lock at the path `where` says. Raises `lock_text.Unreadable`.

    renv itself is left out, unless another package of the lock needs it: it is the tool that wrote the lock.
    """
    document = lock_text.load(text)
    packages, about = document.get("Packages"), document.get("R")
    if not isinstance(packages, dict) or not isinstance(about, dict):
        raise lock_text.Unreadable(
            "has no tables R and Packages: it is not one that renv wrote. " + _SNAPSHOT
        )
    if len(packages) > _MOST:
        raise lock_text.Unreadable(f"names more than {_MOST} packages")
    urls, notices = repositories(about.get("Repositories"), where)
    reading = Entries(where, where.rpartition("/")[0], paths, urls)
    for key, fields in packages.items():
        if key != "renv" or _is_needed("renv", packages):
            reading.add(key, lock_text.texts(fields) if isinstance(fields, dict) else {})
    version = lock_text.words(about.get("Version"))
    bioconductor = document.get("Bioconductor")
    release = bioconductor.get("Version") if isinstance(bioconductor, dict) else ""
    return Declaration(
        Origin.renv,
        r_version=version if is_version(version) else "",
        requirements=tuple(reading.found[name] for name in sorted(reading.found)),
        repositories=tuple(dict.fromkeys(urls.values())),
        bioconductor=lock_text.words(release) if is_version(lock_text.words(release)) else "",
        troubles=tuple(reading.troubles),
        notices=tuple(notices),
    )


def repositories(value: object, where: str) -> tuple[dict[str, str], list[str]]:
    """URLs by name: of a list of tables with Name and URL, or of one table. What is no http(s) URL is told."""
    pairs: list[tuple[str, str]] = []
    if isinstance(value, dict):
        pairs = [(name, lock_text.words(url)) for name, url in value.items()]
    elif isinstance(value, list):
        tables = [one for one in value[:50] if isinstance(one, dict)]
        pairs = [(lock_text.words(one.get("Name")), lock_text.words(one.get("URL"))) for one in tables]
    urls = {name: url.rstrip("/") for name, url in pairs[:50] if is_url(url)}
    notices = [
        f"The repository {name[:50] or 'without a name'} of {where} is left out: its URL is not a plain http(s) one."
        for name, url in pairs[:50]
        if name not in urls and not url.startswith("@")
    ]
    return urls, notices


def _is_needed(name: str, packages: Mapping[str, Any]) -> bool:
    return any(
        name in _needs(fields) for key, fields in packages.items() if key != name and isinstance(fields, dict)
    )


def _needs(fields: Mapping[str, Any]) -> set[str]:
    """By an old lock's Requirements, or a new one's fields of DESCRIPTION."""
    found: set[str] = set()
    for field in _NEEDING:
        value = fields.get(field)
        listed = value if isinstance(value, list) else [value]
        for one in listed[:2000]:
            found |= {need.name for need in entries(lock_text.words(one))}
    return found
