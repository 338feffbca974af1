"""A deployment's package list: what changed between two, and the lock that asks for it again."""

import json
from collections.abc import Iterable
from typing import Any

from sandbox_server.domain.scan import BASE_R
from sandbox_server.wire_packages import Package, PackageChange


def changes(before: Iterable[Package], after: Iterable[Package]) -> list[PackageChange]:
    """By name: what came, went, or has another version or archive."""
    old, new = {row.name: row for row in before}, {row.name: row for row in after}
    return [
        _change(name, old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys(), key=str.lower)
        if _content(old.get(name)) != _content(new.get(name))
    ]


def lock_of(r_version: str, packages: Iterable[Package], repositories: Iterable[str]) -> str:
    """A renv.lock for what the app asks for and what that needs, those that are part of R left out."""
    urls = list(repositories)
    named = [("CRAN" if n == 0 else f"CRAN{n + 1}", url) for n, url in enumerate(urls)]
    document = {
        "R": {
            "Version": r_version,
            "Repositories": [{"Name": name, "URL": url} for name, url in named],
        },
        "Packages": {
            row.name: {"Package": row.name, "Version": row.version, **_source(row.source, named)}
            for row in sorted(needed(packages), key=lambda row: row.name.lower())
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def needed(packages: Iterable[Package]) -> list[Package]:
    """Those that the app asks for, and what they need; not what is part of R, or only lies in the base."""
    by_name = {row.name: row for row in packages if row.name not in BASE_R}
    waiting = [row.name for row in by_name.values() if row.wanted]
    found: dict[str, Package] = {}
    while waiting:
        if (row := by_name.get(waiting.pop())) and row.name not in found:
            found[row.name] = row
            waiting += row.needs
    return list(found.values())


def _change(name: str, old: Package | None, new: Package | None) -> PackageChange:
    return PackageChange(
        name=name,
        before=old.version if old else "",
        after=new.version if new else "",
        source=(new or old or Package(name=name, version="", source="")).source,
    )


def _content(row: Package | None) -> tuple[str, str] | None:
    """Another archive of the same version is a change too: a remote's next commit often keeps the number."""
    return (row.version, row.hash) if row else None


def _source(source: str, repositories: list[tuple[str, str]]) -> dict[str, Any]:
    address, at, commit = source.partition("@")
    host, _, path = address.partition("/")
    if at and "." in host and path.count("/") >= 1:
        return _remote(host, path, commit)
    if "bioconductor" in source or " r-bioc-" in source:
        return {"Source": "Bioconductor"}
    if source == "the bundle":
        return {"Source": "Local"}
    name = next((name for name, url in repositories if url == source), "")
    return {"Source": "Repository", "Repository": name or (source if "://" in source else "CRAN")}


def _remote(host: str, path: str, commit: str) -> dict[str, Any]:
    owner, _, repository = path.rpartition("/")
    kind = "GitLab" if "gitlab" in host else "GitHub"
    api = "api.github.com" if host == "github.com" else host
    return {
        "Source": kind,
        "RemoteType": kind.lower(),
        "RemoteHost": api,
        "RemoteUsername": owner,
        "RemoteRepo": repository,
        "RemoteRef": commit,
        "RemoteSha": commit,
    }
