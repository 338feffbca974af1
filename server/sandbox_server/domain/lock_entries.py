"""One package of a lock becomes a requirement, or a line of the table that says why not."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sandbox_server.domain import local_packages
from sandbox_server.domain.remotes import is_url, remote_of
from sandbox_server.domain.requirement import Requirement, Source, Trouble
from sandbox_server.domain.scan import BASE_R, PACKAGE
from sandbox_server.domain.versions import is_version

_KINDS = {
    "repository": Source.repository,
    "cran": Source.repository,
    "rspm": Source.repository,
    "standard": Source.repository,
    "bioconductor": Source.bioconductor,
    "biocgit": Source.bioconductor,
    "github": Source.remote,
    "gitlab": Source.remote,
    "git": Source.remote,
    "git2r": Source.remote,
    "xgit": Source.remote,
    "bitbucket": Source.remote,
    "svn": Source.remote,
    "url": Source.remote,
    "local": Source.local,
    "cellar": Source.local,
}
_HASH = re.compile(r"[0-9a-fA-F]{7,64}")
_SNAPSHOT = "install it from where it can be had again, run `renv::snapshot()`, then push"


@dataclass
class Entries:
    """The packages of a lock, read one by one."""

    where: str
    """The lock's name, for people."""
    folder: str
    """The lock's own."""
    paths: Collection[str]
    urls: Mapping[str, str] = field(default_factory=dict)
    """The lock's repositories by name."""
    found: dict[str, Requirement] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    def add(self, key: str, fields: Mapping[str, str]) -> None:
        name, version = fields.get("Package") or key, fields.get("Version", "")
        if name in BASE_R or name == "R":
            return
        if not PACKAGE.fullmatch(name) or len(name) > 100:
            self._refuse(name, version, "that is no name of a package", "mend the lock")
        elif not is_version(version):
            self._refuse(name, version, "that is no version of a package", "mend the lock")
        else:
            self._add(Requirement(name, self.where, version), fields)

    def _add(self, one: Requirement, fields: Mapping[str, str]) -> None:
        said = fields.get("Source", "") or ("CRAN" if fields.get("Repository") else "unknown")
        source = self._source(said, fields)
        if source is Source.repository:
            self.found[one.name] = self._from_repository(one, fields)
        elif source is Source.bioconductor:
            self.found[one.name] = _of_source(one, source)
        elif source is Source.remote:
            self._add_remote(one, said, fields)
        else:
            self._add_local(one, said, fields)

    def _source(self, said: str, fields: Mapping[str, str]) -> Source:
        known = _KINDS.get(said.lower())
        if known is None and (is_url(said) or said in self.urls):
            return Source.repository
        if said.lower() == "unknown" and fields.get("RemoteType", "").lower() in _KINDS:
            return _KINDS[fields["RemoteType"].lower()]
        return known or Source.unknown

    def _from_repository(self, one: Requirement, fields: Mapping[str, str]) -> Requirement:
        named = fields.get("Repository", "") or fields.get("Source", "")
        url = self.urls.get(named, "") or (named if is_url(named) else "")
        repos = fields.get("RemoteRepos", "")
        url = url or (repos if is_url(repos) else "")
        return Requirement(one.name, one.where, one.version, repository=url.rstrip("/"))

    def _add_remote(self, one: Requirement, said: str, fields: Mapping[str, str]) -> None:
        kind = said.lower() if said.lower() != "unknown" else fields.get("RemoteType", "").lower()
        remote = remote_of(kind, fields)
        if remote and _HASH.fullmatch(remote.commit):
            self.found[one.name] = Requirement(
                one.name, one.where, one.version, source=Source.remote, remote=remote
            )
        elif path := self._vendored(one, fields):
            self.found[one.name] = local_packages.with_path(one, path)
        elif remote or kind in ("github", "gitlab"):
            self._refuse(
                one.name, one.version, f"the lock names no commit on {said} that can be read", _SNAPSHOT
            )
        else:
            self._refuse(one.name, one.version, f"packages cannot be fetched from {said[:40]}", _vendor(one))

    def _add_local(self, one: Requirement, said: str, fields: Mapping[str, str]) -> None:
        if path := self._vendored(one, fields):
            self.found[one.name] = local_packages.with_path(one, path)
        elif _KINDS.get(said.lower()) is Source.local:
            self._refuse(
                one.name, one.version, "a local package whose files are not in the bundle", _vendor(one)
            )
        else:
            self._refuse(
                one.name, one.version, f"the lock says of its source: {said[:40]}",
                f"{_SNAPSHOT}; or {_vendor(one)}",
            )  # fmt: skip

    def _vendored(self, one: Requirement, fields: Mapping[str, str]) -> str:
        hint = fields.get("RemoteUrl", "") or fields.get("Path", "")
        return local_packages.find(one.name, one.version, hint, self.folder, self.paths)

    def _refuse(self, name: str, version: str, found: str, remedy: str) -> None:
        shown = name if name.isprintable() else ascii(name)
        self.troubles.append(Trouble(shown[:100], version[:50] or "any", found, remedy))


def _vendor(one: Requirement) -> str:
    return f"put {one.name}_{one.version}.tar.gz into renv/local, then push"


def _of_source(one: Requirement, source: Source) -> Requirement:
    return Requirement(one.name, one.where, one.version, source=source)
