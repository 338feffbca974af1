"""What can be had, and from where: the base, Debian's packages, CRAN-like repositories."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox_server.domain.requirement import Remote


@dataclass(frozen=True)
class Need:
    """What a package needs to be installed: an entry of its Depends, Imports or LinkingTo."""

    name: str
    at_least: str = ""


@dataclass(frozen=True)
class Record:
    """The current version of a package in a repository's index (its PACKAGES file)."""

    name: str
    version: str
    needs: tuple[Need, ...] = ()
    """Without R itself and the packages that are part of it."""
    md5: str = ""
    path: str = ""
    """A folder below src/contrib, where the index names one."""
    system: str = ""
    """SystemRequirements, as the package's author wrote them."""


@dataclass(frozen=True)
class Index:
    """A repository that answered."""

    url: str
    """Without a slash at its end; `src/contrib` is below it."""
    records: Mapping[str, Record] = field(default_factory=dict)
    """By name."""
    notice: str = ""
    """What people should know: it does not answer now, and its index from before serves."""


@dataclass(frozen=True)
class Unreachable:
    """A repository that did not answer, or not in a way that can be read."""

    url: str
    reason: str
    """A few words: "timed out", "answered 500", "is not a package index"."""
    seconds: float
    """What was spent on it."""


@dataclass(frozen=True)
class DebianPackage:
    """An R package that Debian has ready built."""

    name: str
    """Debian's name, such as "r-cran-zoo"."""
    version: str
    """R's version as far as Debian's tells: "1.8-14"."""


@dataclass(frozen=True)
class Fetch:
    """A source package to get, into the platform's own store, before a library is made."""

    name: str
    version: str
    """Empty for a remote or local one whose DESCRIPTION is not read yet."""
    urls: tuple[str, ...] = ()
    """Of the archive, to be tried in this order: current, then archived, repository by repository."""
    md5: str = ""
    """What the repository says of the archive at the first URL; empty: it says nothing."""
    remote: Remote | None = None
    path: str = ""
    """In the bundle."""


@dataclass(frozen=True)
class Fetched:
    """An archive that is here. `description` is what its own DESCRIPTION says."""

    fetch: Fetch
    path: str
    """Of the .tar.gz on this machine."""
    sha256: str
    name: str
    version: str
    needs: tuple[Need, ...]
    built: str = ""
    """R's version for which a binary was built; empty: it is source."""
    system: str = ""
    url: str = ""
    """Of those in `fetch.urls`, the one that it came from."""


@dataclass(frozen=True)
class NotFetched:
    fetch: Fetch
    reason: str
    """A few words: "not there", "its checksum differs", "https://… timed out after 30 s"."""
    missing: bool = False
    """All repositories answered, and none has this version."""
