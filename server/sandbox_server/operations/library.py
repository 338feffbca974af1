"""Library: what an app needs is resolved, fetched and installed; what was promised is compared with what is there."""

import platform
from collections.abc import Sequence
from pathlib import Path

from sandbox_server.builder.base import Base, Installed, Library, Program, Report, SourcePackage
from sandbox_server.domain import addons, system_libraries
from sandbox_server.domain.addons import Addon
from sandbox_server.domain.catalogue import Fetch, Fetched, Index, NotFetched
from sandbox_server.domain.repository_urls import is_public_cran
from sandbox_server.domain.requirement import Declaration, Trouble
from sandbox_server.domain.resolve import (
    Drift,
    Resolution,
    Shelf,
    lost_repositories,
    resolve,
    table,
    with_latest,
)
from sandbox_server.domain.versions import same
from sandbox_server.errors import BuildFailed, Unavailable
from sandbox_server.operations.bundle import Read
from sandbox_server.operations.parts import Parts

_ROUNDS = 50
"""How often what came may ask for more. Each round goes one step down a chain of packages nobody indexes."""
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""As the machine calls itself → as Quarto's makers call it."""


async def plan(parts: Parts, read: Read, base: Base, bundle: Path, report: Report) -> Resolution:
    """Everything that has to be installed is known, and is here. Raises `BuildFailed` with the table."""
    compatible = read.config.dependencies == "compatible"
    shelf = Shelf(base.installed, base.available)
    for _ in range(_ROUNDS):
        resolution = resolve(read.declaration, shelf, compatible=compatible)
        if resolution.whole:
            _refuse(resolution.troubles, _count(len(resolution.troubles), lost_repositories(shelf)))
            return resolution
        shelf = await _learn(parts, read.declaration, shelf, resolution, base, bundle, report)
    raise BuildFailed(
        f"After {_ROUNDS} steps of dependencies there is still more to fetch: {_fetching(resolution.fetch)}.",
        "Write a renv.lock, which names them all: `renv::snapshot()`.",
    )


def check_declared(read: Read) -> list[str]:
    """Everything that is wrong with the lock, and the add-ons that are lacking, before anything is made.

    Returns notices about add-ons that the app may want. Raises `BuildFailed`.
    """
    _refuse(read.declaration.troubles, "The packages are declared in a way that cannot be built.")
    lacking = [
        need
        for need in read.addons
        if need.addon not in read.config.addons and need.addon is not Addon.quarto
    ]
    for need in lacking:
        if need.sure:
            raise BuildFailed(f"{need.why} That needs the add-on {need.addon}.", _name_it(need.addon))
    return [f"{need.why} If it does not work: {_name_it(need.addon)}" for need in lacking]


async def fetch_quarto(parts: Parts, read: Read, report: Report) -> tuple[Program | None, str]:
    """Quarto, if the app wants it; or the drift, if R Markdown has to do instead. Raises `BuildFailed`."""
    document = read.detected.kind.is_quarto
    if not document and "quarto" not in read.config.addons:
        return None, ""
    report.step("fetching Quarto")
    try:
        archive, digest = await parts.repositories.program(_address(parts.settings.quarto))
    except Unavailable as error:
        if document and read.config.dependencies == "compatible":
            return None, "R Markdown instead of Quarto"
        raise BuildFailed(
            f"{read.detected.entry} needs Quarto, which this server does not have: {error.message}",
            'Ask the administrator to set SANDBOX_QUARTO to an archive; or set `dependencies = "compatible"` in '
            "sandbox.toml: R Markdown then renders it, without what is Quarto's own.",
        ) from None
    return Program(archive, digest), ""


def library_of(
    parts: Parts, read: Read, base: Base, resolution: Resolution, quarto: Program | None
) -> Library:
    """What the builder is asked for."""
    wanted = read.config
    system = system_libraries.debian_packages(resolution.sources, base.build_needs)
    # One install script could write into every package of the same build.
    shared = all(parts.repositories.is_configured(source.url) for source in resolution.sources)
    return Library(
        debian=resolution.debian
        | system
        | addons.debian_packages(wanted.addons)
        | frozenset(wanted.system_packages),
        sources=tuple(_source(source, shared=shared) for source in resolution.sources),
        python=read.python_requirements if "python" in wanted.addons else "",
        quarto=quarto,
    )


def check_kept(declaration: Declaration, installed: Sequence[Installed], drift: Sequence[Drift]) -> None:
    """The promise of a lock, looked at in the image itself. Raises `BuildFailed`."""
    if not declaration.origin.locked:
        return
    have = {one.name: one.version for one in installed}
    told = {one.name for one in drift}
    promised = [
        one for one in declaration.requirements if one.version and one.name not in told and not one.optional
    ]
    broken = [
        Trouble(
            one.name,
            one.version,
            f"the image has {have.get(one.name, 'none')}",
            "push again; if it stays so, report it",
        )
        for one in promised
        if not same(have.get(one.name, ""), one.version)
    ]
    _refuse(broken, "The library is not what the lock says.")


async def _learn(
    parts: Parts,
    declaration: Declaration,
    shelf: Shelf,
    resolution: Resolution,
    base: Base,
    bundle: Path,
    report: Report,
) -> Shelf:
    if resolution.asks:
        report.step("asking the repositories")
        indexes = await parts.repositories.indexes(
            _beyond(parts, declaration.repositories), declaration.bioconductor, base.r_version
        )
        for index in indexes:
            if isinstance(index, Index) and index.notice:
                report.line(f"{index.url}: {index.notice}")
        return Shelf(shelf.installed, shelf.available, indexes, shelf.fetched)
    report.step(_fetching(resolution.fetch))
    came = await parts.repositories.fetch(resolution.fetch, bundle, report.step, base.r_version)
    for one in came:
        if isinstance(one, NotFetched):
            report.line(f"{one.fetch.name} {one.fetch.version}: {one.reason}")
    return with_latest(shelf, came)


def _beyond(parts: Parts, named: Sequence[str]) -> list[str]:
    """What a lock names beside CRAN, which the server has its own way to."""
    return [url for url in named if not (parts.settings.cran and is_public_cran(url))]


def _fetching(wanted: Sequence[Fetch]) -> str:
    names = ", ".join(fetch.name for fetch in wanted[:3])
    return f"fetching {len(wanted)} package{'s'[: len(wanted) > 1]}: {names}{' …' if wanted[3:] else ''}"


def _source(source: Fetched, *, shared: bool) -> SourcePackage:
    fetch = source.fetch
    origin = fetch.remote.full if fetch.remote else fetch.path and "the bundle"
    if not origin:
        origin = source.url.split("/src/contrib/")[0]
    return SourcePackage(source.name, source.version, Path(source.path), source.sha256, origin, shared)


def _address(setting: str) -> str:
    return setting.replace("{arch}", _ARCHITECTURES.get(platform.machine(), platform.machine()))


def _name_it(addon: Addon) -> str:
    return f'Add `addons = ["{addon}"]` to sandbox.toml, then push again.'


def _refuse(troubles: Sequence[Trouble], words: str) -> None:
    if troubles:
        raise BuildFailed(words, _hint(troubles), table(troubles))


def _count(number: int, lost: Sequence[str]) -> str:
    words = f"{number} package{'s'[: number > 1]} could not be had"
    return f"{words}: {'; '.join(lost)}." if lost else f"{words}."


def _hint(troubles: Sequence[Trouble]) -> str:
    first = troubles[0]
    return (
        f"{first.package}: {first.remedy}." if len(troubles) == 1 else "The table says what to do for each."
    )
