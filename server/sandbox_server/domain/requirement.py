"""What an app says it needs: the words that lock files, DESCRIPTION and code are translated into."""

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """Where an app's packages are declared, the strongest word first."""

    renv = "renv.lock"
    manifest = "manifest.json"
    description = "DESCRIPTION"
    code = "code"

    @property
    def locked(self) -> bool:
        """Its versions are a promise."""
        return self in (Origin.renv, Origin.manifest)


class Source(StrEnum):
    repository = "repository"
    bioconductor = "bioconductor"
    remote = "remote"
    """A commit on GitHub, GitLab or the like."""
    local = "local"
    """A source package in the bundle itself."""
    unknown = "unknown"
    """The lock says that it does not know."""


@dataclass(frozen=True)
class Remote:
    """A source package at a commit."""

    kind: str
    """"github" or "gitlab"."""
    host: str
    """Such as "github.com", or a company's own."""
    owner: str
    """With GitLab's groups: "group/subgroup"."""
    repository: str
    commit: str
    """A full commit, or the name of a branch or tag where no lock holds it."""
    folder: str = ""
    """Of the package below the repository's top."""

    def __str__(self) -> str:
        return f"{self._place}@{self.commit[:12]}"

    @property
    def full(self) -> str:
        """With the whole commit."""
        return f"{self._place}@{self.commit}"

    @property
    def _place(self) -> str:
        return f"{self.host}/{self.owner}/{self.repository}"


@dataclass(frozen=True)
class Requirement:
    """One R package that an app needs. Packages of R itself (`BASE_R`) never are requirements."""

    name: str
    where: str
    """For people: "renv.lock", "DESCRIPTION", or the first use in the code, "app.R:3"."""
    version: str = ""
    """Exactly this one; empty: any."""
    at_least: str = ""
    source: Source = Source.repository
    remote: Remote | None = None
    path: str = ""
    """Of a local source package, in the bundle: a .tar.gz, or a folder with a DESCRIPTION."""
    repository: str = ""
    """URL of the repository that the lock names for it; empty: any."""
    md5: str = ""
    """Of the archive, where the lock knows it."""
    optional: bool = False
    """The code only tries it: the app may be fine without."""


@dataclass(frozen=True)
class Trouble:
    """One line of the table that says what could not be had."""

    package: str
    wanted: str
    """Such as "1.2.3", "any" or "github.com/r-lib/rlang@1a2b3c"."""
    found: str
    """What was found where."""
    remedy: str


@dataclass(frozen=True)
class Declaration:
    """All that the files of a bundle say about packages."""

    origin: Origin
    r_version: str = ""
    """That the lock was written with; empty: not said."""
    requirements: tuple[Requirement, ...] = ()
    """By name, each once."""
    behind: tuple[Requirement, ...] = ()
    """What the code uses and the lock lacks; a base that has it may be forgiven."""
    repositories: tuple[str, ...] = ()
    """URLs that the lock names, in its order."""
    bioconductor: str = ""
    """Release of Bioconductor that the lock names, such as "3.20"."""
    troubles: tuple[Trouble, ...] = ()
    """Everything that is wrong with the declaration itself; if there is any, nothing is built."""
    notices: tuple[str, ...] = ()
    """What a person should know, one sentence each."""
