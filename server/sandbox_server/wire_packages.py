"""Package lists and locks, as they go over the wire."""

from pydantic import Field

from sandbox_server.wire import Wire


class Package(Wire):
    """An R package in a deployment's image."""

    name: str
    version: str
    source: str
    """"base", "Debian r-cran-zoo 1.8-14-1", a repository's URL, or "github.com/…@…"."""
    hash: str = ""
    """"sha256:…" of the archive that it was installed from; empty for Debian's."""
    needs: list[str] = Field(default=[])
    """Names of the packages that it needs; those of R itself too."""
    wanted: bool = False
    """The app itself asks for it; the others come along."""


class PackageList(Wire):
    app: str
    deployment: int
    origin: str
    r_version: str
    packages: list[Package]
    drift: list[str]
    notices: list[str]


class PackageChange(Wire):
    name: str
    before: str = ""
    """Version; empty: it was not there."""
    after: str = ""
    source: str = ""


class PackageDiff(Wire):
    app: str
    a: int | None
    """None: nothing is released yet."""
    b: int
    changes: list[PackageChange]


class Lock(Wire):
    """A renv.lock for what a deployment was built with."""

    app: str
    deployment: int
    text: str
