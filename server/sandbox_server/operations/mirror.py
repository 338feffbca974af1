"""Mirror: from lock files to a folder that serves as a repository, for machines without internet."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from anyio import to_thread

from sandbox_server.domain import lock_text, manifest, renv_lock
from sandbox_server.domain.catalogue import Fetch, Fetched, NotFetched, Unreachable
from sandbox_server.domain.requirement import Declaration, Source, Trouble
from sandbox_server.domain.resolve import Shelf, resolve, with_latest
from sandbox_server.errors import BadRequest
from sandbox_server.repositories import Repositories, mirrored
from sandbox_server.repositories.bioconductor import release_for

BATCH = 8
"""Archives that are lost at most when it is ended in the middle."""


def read_lock(path: Path) -> Declaration:
    """renv.lock or manifest.json, under any name. Raises `BadRequest`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        declaration = manifest.parse(text, path.name, ()) or renv_lock.parse(text, path.name, ())
    except lock_text.Unreadable as error:
        raise BadRequest(f"{path} {error}.", "Give a renv.lock or a manifest.json.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} cannot be read: {error}.", "Give a renv.lock or a manifest.json.") from None
    wanted = tuple(one for one in declaration.requirements if one.source is not Source.local)
    return replace(declaration, requirements=wanted)


async def mirror(
    repositories: Repositories, lock: Declaration, folder: Path, say: Callable[[str], None]
) -> tuple[Trouble, ...]:
    """Bring everything that the lock names, and what that needs, into `folder`. Returns what could not be had.

    `repositories` has `folder` as its first one: what is there already is not fetched again.
    """
    shelf = Shelf(installed={}, available={})
    await to_thread.run_sync(mirrored.write_index, folder)
    while not (plan := resolve(lock, shelf)).whole:
        if plan.asks:
            shelf = await _ask(repositories, lock, shelf, say)
            continue
        for start in range(0, len(plan.fetch), BATCH):
            batch = plan.fetch[start : start + BATCH]
            came = await repositories.fetch(batch, folder, _nothing)
            for number, one in enumerate(came, start + 1):
                say(f"{number} of {len(plan.fetch)}: {await to_thread.run_sync(_take, folder, one)}")
            shelf = with_latest(shelf, came)
    await to_thread.run_sync(mirrored.write_index, folder)
    return (*lock.troubles, *plan.troubles)


async def _ask(
    repositories: Repositories, lock: Declaration, shelf: Shelf, say: Callable[[str], None]
) -> Shelf:
    # No version of R is told: a mirror keeps sources, which serve every R.
    release = lock.bioconductor or release_for(lock.r_version)
    indexes = await repositories.indexes(lock.repositories, release)
    for one in indexes:
        if isinstance(one, Unreachable):
            say(f"{one.url}: {one.reason} ({one.seconds:.0f} s)")
        elif one.notice:
            say(one.notice)
    return replace(shelf, indexes=indexes)


def _take(folder: Path, one: Fetched | NotFetched) -> str:
    if isinstance(one, NotFetched):
        return f"{_shown(one.fetch)}: {one.reason}"
    commit = one.fetch.remote.commit if one.fetch.remote else ""
    new = mirrored.add(folder, one, commit)
    return f"{one.name} {one.version}{'' if new else ' (is there)'}"


def _shown(fetch: Fetch) -> str:
    return f"{fetch.name} {fetch.remote or fetch.version}"


def _nothing(_: str) -> None:
    pass
