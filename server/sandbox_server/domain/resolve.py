"""Resolve: what an app needs, against what can be had, becomes a plan; or the table of what could not be had.

Nothing is fetched here. Whoever carries the plan out tells what came of it, and asks again with that knowledge, until
nothing is left to fetch: the dependencies of a package at a commit, say, are known only when its archive is here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from urllib.parse import urlsplit

from sandbox_server.domain.catalogue import (
    DebianPackage,
    Fetch,
    Fetched,
    Index,
    NotFetched,
    Record,
    Unreachable,
)
from sandbox_server.domain.repository_urls import archive_urls, is_public_cran
from sandbox_server.domain.requirement import Declaration, Requirement, Source, Trouble
from sandbox_server.domain.versions import same, satisfies

COMPATIBLE = 'set `dependencies = "compatible"` in sandbox.toml'


@dataclass(frozen=True)
class Shelf:
    """What can be had now."""

    installed: Mapping[str, str]
    """In the base: name → version."""
    available: Mapping[str, DebianPackage]
    """From Debian, ready built; keys in small letters."""
    indexes: Sequence[Index | Unreachable] | None = None
    """None: no repository was asked yet."""
    fetched: Mapping[Fetch, Fetched | NotFetched] = field(default_factory=dict)


@dataclass(frozen=True)
class Drift:
    """A package whose version is not the locked one."""

    name: str
    have: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.name} {self.have} instead of {self.wanted}"


@dataclass(frozen=True)
class Resolution:
    debian: frozenset[str] = frozenset()
    """Debian's names of ready-built packages to install."""
    sources: tuple[Fetched, ...] = ()
    """Archives to install, in this order."""
    fetch: tuple[Fetch, ...] = ()
    """To be fetched before the plan is whole."""
    asks: bool = False
    """The repositories have to be asked before the plan is whole."""
    troubles: tuple[Trouble, ...] = ()
    drift: tuple[Drift, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return not self.fetch and not self.asks


def resolve(declaration: Declaration, shelf: Shelf, *, compatible: bool = False) -> Resolution:
    """The plan as far as it is known. `compatible`: another version than the locked one will do, and is told."""
    work = _Work(shelf, compatible=compatible, locked=declaration.origin.locked)
    for requirement in declaration.requirements:
        work.meet(requirement)
    for requirement in declaration.behind:
        work.meet_behind(requirement, declaration.origin)
    work.meet_needs()
    return work.result()


class _Work:
    def __init__(self, shelf: Shelf, *, compatible: bool, locked: bool) -> None:
        self._shelf, self._compatible, self._locked = shelf, compatible, locked
        self._chosen: dict[str, str] = {}
        self._debian: dict[str, str] = {}
        self._sources: dict[str, Fetched] = {}
        self._fetch: list[Fetch] = []
        self._asks = False
        self._troubles: list[Trouble] = []
        self._drift: dict[str, Drift] = {}
        self._notices: list[str] = []

    def meet(self, wanted: Requirement) -> None:
        if wanted.source is Source.remote or wanted.source is Source.local:
            self._take(wanted, Fetch(wanted.name, "", remote=wanted.remote, path=wanted.path))
        elif wanted.version:
            self._meet_exactly(wanted)
        else:
            self._meet_any(wanted)

    def meet_behind(self, used: Requirement, origin: str) -> None:
        """What the code uses and the lock lacks."""
        if have := self._shelf.installed.get(used.name):
            self._chosen.setdefault(used.name, have)
            self._notices.append(
                f"{used.name} is used in {used.where} and not in {origin}: the base's {have} serves."
            )
        elif self._compatible or used.optional:
            self._meet_any(used)
        else:
            self._troubles.append(
                Trouble(
                    used.name, f"in {origin}", f"used in {used.where}, not locked", "run renv::snapshot()"
                )
            )

    def meet_needs(self) -> None:
        """What the archives themselves need, and what that needs."""
        done: set[str] = set()
        while left := [one for name, one in self._sources.items() if name not in done]:
            for source in left:
                done.add(source.name)
                for need in source.needs:
                    if not self._has(need.name, need.at_least):
                        self.meet(Requirement(need.name, f"needed by {source.name}", at_least=need.at_least))

    def result(self) -> Resolution:
        return Resolution(
            debian=frozenset(self._debian.values()), sources=tuple(self._in_order()), fetch=tuple(self._fetch),
            asks=self._asks, troubles=tuple(self._troubles), notices=tuple(self._notices),
            drift=tuple(self._drift[name] for name in sorted(self._drift)),
        )  # fmt: skip

    # One requirement.

    def _meet_exactly(self, wanted: Requirement) -> None:
        ready = self._ready_version(wanted.name)
        if ready and (
            same(ready, wanted.version) or (self._compatible and satisfies(ready, wanted.at_least))
        ):
            self._take_ready(wanted, ready)
        elif self._knows_repositories():
            self._take(wanted, self._exact_fetch(wanted))

    def _meet_any(self, wanted: Requirement) -> None:
        ready = self._ready_version(wanted.name)
        if ready and satisfies(ready, wanted.at_least):
            self._take_ready(wanted, ready)
        elif self._knows_repositories():
            if fetch := self._newest(wanted):
                self._take(wanted, fetch)
            else:
                self._miss(wanted, "")

    def _ready_version(self, name: str) -> str:
        """Of the base, or of Debian's ready-built one."""
        if name in self._shelf.installed:
            return self._shelf.installed[name]
        offer = self._shelf.available.get(name.lower())
        return offer.version if offer else ""

    def _take_ready(self, wanted: Requirement, version: str) -> None:
        self._chosen[wanted.name] = version
        if wanted.name not in self._shelf.installed:
            self._debian[wanted.name] = self._shelf.available[wanted.name.lower()].name
        self._note_drift(wanted, version)

    def _take(self, wanted: Requirement, fetch: Fetch) -> None:
        known = self._shelf.fetched.get(fetch)
        if known is None:
            self._chosen[wanted.name] = fetch.version
            self._fetch.append(fetch)
        elif isinstance(known, NotFetched):
            self._do_without(wanted, fetch, known)
        elif wanted.version and not self._compatible and not same(known.version, wanted.version):
            self._miss(wanted, f"what came is {known.version}")
        else:
            self._chosen[wanted.name] = known.version
            self._sources[wanted.name] = known
            self._note_drift(wanted, known.version)

    def _do_without(self, wanted: Requirement, fetch: Fetch, known: NotFetched) -> None:
        """Another version only where this one does not exist: who was away for a minute has it again soon."""
        newest = self._newest(wanted) if self._compatible and known.missing and fetch.version else None
        if newest and newest != fetch:
            self._take(wanted, newest)
        else:
            self._miss(wanted, known.reason, away=not known.missing)

    def _note_drift(self, wanted: Requirement, version: str) -> None:
        before = self._drift.pop(wanted.name, None)
        promised = wanted.version or (before.wanted if before else "")
        if promised and not same(version, promised):
            self._drift[wanted.name] = Drift(wanted.name, version, promised)

    # Repositories.

    def _knows_repositories(self) -> bool:
        if self._shelf.indexes is None:
            self._asks = True
        return self._shelf.indexes is not None

    def _reachable(self) -> list[Index]:
        return [index for index in self._shelf.indexes or () if isinstance(index, Index)]

    def _exact_fetch(self, wanted: Requirement) -> Fetch:
        """The same archive may be the current one in one repository and an old one in the next."""
        urls: list[str] = []
        md5 = ""
        for index in self._in_turn(wanted):
            record = index.records.get(wanted.name)
            current = record is not None and same(record.version, wanted.version)
            if current and record is not None and not urls:
                md5 = record.md5
            urls += archive_urls(index.url, wanted.name, wanted.version, record if current else None)
        return Fetch(wanted.name, wanted.version, tuple(urls), wanted.md5 or md5)

    def _in_turn(self, wanted: Requirement) -> list[Index]:
        """A repository of the lock's own goes first: a public one may have another package of that name."""
        own = "" if is_public_cran(wanted.repository) else wanted.repository.rstrip("/")
        return sorted(self._reachable(), key=lambda index: index.url != own)

    def _newest(self, wanted: Requirement) -> Fetch | None:
        for index, record in self._offers(wanted.name):
            if satisfies(record.version, wanted.at_least):
                urls = archive_urls(index.url, record.name, record.version, record)
                return Fetch(record.name, record.version, tuple(urls), record.md5)
        return None

    def _offers(self, name: str) -> Iterator[tuple[Index, Record]]:
        for index in self._reachable():
            if record := index.records.get(name):
                yield index, record

    # The end.

    def _has(self, name: str, at_least: str) -> bool:
        have = self._chosen.get(name) or self._shelf.installed.get(name)
        if have is None:
            return False
        # A locked version stays what the lock says; R itself will tell if it is too old.
        return not have or satisfies(have, at_least) or (self._locked and name in self._sources)

    def _miss(self, wanted: Requirement, reason: str, *, away: bool = False) -> None:
        if wanted.optional:
            self._notices.append(f"{wanted.name} is tried in {wanted.where} and cannot be had here.")
            return
        self._troubles.append(
            Trouble(
                wanted.name, _wanted(wanted), self._found(wanted, reason), self._remedy(wanted, away=away)
            )
        )

    def _found(self, wanted: Requirement, reason: str) -> str:
        found = [reason] if reason else []
        if have := self._shelf.installed.get(wanted.name):
            found.append(f"the base has {have}")
        elif offer := self._shelf.available.get(wanted.name.lower()):
            found.append(f"Debian has {offer.version}")
        else:
            found.append("not in the base, not in Debian")
        offers = [f"{index.url} has {record.version}" for index, record in self._offers(wanted.name)]
        found += offers or [f"not in {index.url}" for index in self._reachable()]
        if lost := sum(isinstance(one, Unreachable) for one in self._shelf.indexes or ()):
            found.append(f"{lost} of {len(self._shelf.indexes or ())} repositories could not be asked")
        return "; ".join(found)

    def _remedy(self, wanted: Requirement, *, away: bool) -> str:
        if wanted.source is Source.remote:
            return "give the server a login for that host (SANDBOX_NETRC), or check the commit"
        if away:
            return "push again; if it stays so, tell whoever runs that repository"
        ready = self._ready_version(wanted.name) or next(
            (record.version for _, record in self._offers(wanted.name)), ""
        )
        if wanted.version and ready and not self._compatible:
            return f"{COMPATIBLE} to take {ready}"
        if any(isinstance(one, Unreachable) for one in self._shelf.indexes or ()):
            return "set SANDBOX_CRAN on the server to a repository that it reaches"
        return "check the name, or add the repository that has it to SANDBOX_CRAN"

    def _in_order(self) -> list[Fetched]:
        graph = {
            name: [need.name for need in one.needs if need.name in self._sources]
            for name, one in sorted(self._sources.items())
        }
        try:
            return [self._sources[name] for name in TopologicalSorter(graph).static_order()]
        except CycleError as error:
            cycle = " → ".join(reversed(error.args[1]))
            self._troubles.append(
                Trouble(
                    error.args[1][0],
                    "an order to install in",
                    f"they need each other: {cycle}",
                    "break the cycle",
                )
            )
            return []


def with_latest(shelf: Shelf, results: Sequence[Fetched | NotFetched]) -> Shelf:
    """The shelf with what came of fetching."""
    return replace(shelf, fetched={**shelf.fetched, **{result.fetch: result for result in results}})


def lost_repositories(shelf: Shelf) -> list[str]:
    """Why repositories could not be asked, each host once: several of one host have the same trouble."""
    told: dict[str, str] = {}
    for one in shelf.indexes or ():
        if isinstance(one, Unreachable):
            host = urlsplit(one.url).netloc
            known = host and host in one.reason
            told.setdefault(
                host or one.url, one.reason if known else f"{one.url} {one.reason} ({one.seconds:.0f} s)"
            )
    return list(told.values())


def table(troubles: Sequence[Trouble]) -> str:
    """For people, at most some eighty columns wide where the words allow: one block for each package."""
    blocks = [
        f"{one.package}  {one.wanted}\n    found: {one.found}\n    do:    {one.remedy}"
        for one in sorted(troubles, key=lambda one: one.package.lower())
    ]
    return "\n".join(blocks)


def _wanted(wanted: Requirement) -> str:
    what = str(wanted.remote) if wanted.remote else wanted.version or wanted.path
    if not what:
        what = f">= {wanted.at_least}" if wanted.at_least else "any version"
    return f"{what} ({wanted.where})"
