"""manifest.json, as R's rsconnect writes it for Posit's servers."""

from collections.abc import Collection, Mapping
from typing import Any

from sandbox_server.domain import lock_text
from sandbox_server.domain.lock_entries import Entries
from sandbox_server.domain.remotes import is_url
from sandbox_server.domain.requirement import Declaration, Origin
from sandbox_server.domain.versions import is_version

_MOST = 5000


def parse(text: str, where: str, paths: Collection[str]) -> Declaration | None:
    """What the manifest at the path `where` says; None if it is another program's manifest.json.

    Raises `lock_text.Unreadable`.
    """
    document = lock_text.load(text)
    packages = document.get("packages")
    if "metadata" not in document and "platform" not in document:
        return None
    if not isinstance(packages, dict) or not packages:
        return None
    if len(packages) > _MOST:
        raise lock_text.Unreadable(f"names more than {_MOST} packages")
    tables = {name: one for name, one in packages.items() if isinstance(one, dict)}
    urls = _repositories(tables)
    reading = Entries(where, where.rpartition("/")[0], paths, urls)
    for name, one in tables.items():
        if name != "renv":
            reading.add(name, _fields(one))
    version = lock_text.words(document.get("platform"))
    return Declaration(
        Origin.manifest,
        r_version=version if is_version(version) else "",
        requirements=tuple(reading.found[name] for name in sorted(reading.found)),
        repositories=tuple(dict.fromkeys(urls.values())),
        troubles=tuple(reading.troubles),
    )


def _repositories(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Only the URLs that packages name; a manifest has no list of its own."""
    said = (lock_text.words(one.get("Repository")).rstrip("/") for one in tables.values())
    return {url: url for url in said if is_url(url)}


def _fields(one: Mapping[str, Any]) -> dict[str, str]:
    """The installed DESCRIPTION tells the version and the commit; the manifest itself the source."""
    description = one.get("description")
    fields = lock_text.texts(description) if isinstance(description, dict) else {}
    fields.pop("Source", None)
    own = {name: value for name, value in lock_text.texts(one).items() if name in ("Source", "Repository")}
    return {**fields, **own} if own.get("Source") else fields
