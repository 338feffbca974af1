"""Compare two deployments: commits, files, packages, names of variables."""

import difflib
from dataclasses import dataclass

from anyio import to_thread
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import archive
from sandbox_server.domain.batch import new_commits
from sandbox_server.domain.release import in_force
from sandbox_server.errors import NotPossible
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, releases, variables
from sandbox_server.store.tables import App, Branch, Deployment
from sandbox_server.wire import Diff, FileChange

_LARGEST_TEXT = 256 * 1024
_LONGEST_DIFF = 400
_MOST_FILES = 2000


@dataclass(frozen=True)
class _Side:
    deployment: Deployment | None
    variables: frozenset[str]


async def compare(
    parts: Parts, app_name: str, a: int | None = None, b: int | None = None, branch: str | None = None
) -> Diff:
    """From `a` (default: what is released) to `b` (default: the newest of `branch`, or of all). Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        after = await _after(tx, app, b, branch)
        before = await _before(tx, app, a)
        sides = await _side(tx, app, before, released=a is None), await _side(tx, app, after, released=False)
    files = await to_thread.run_sync(_files, parts, before, after)
    return Diff(
        app=app.name,
        a=before.number if before else None,
        b=after.number,
        commits=new_commits(before.commits if before else (), after.commits),
        files=files,
        packages=_changes(set(before.packages) if before else set(), set(after.packages)),
        variables=_changes(set(sides[0].variables), set(sides[1].variables)),
    )


async def _after(tx: AsyncSession, app: App, number: int | None, branch: str | None) -> Deployment:
    if number is not None:
        return await deployments.get(tx, app, number)
    branch_id = (await apps.get_branch(tx, app, branch)).id if branch is not None else None
    newest = await deployments.of_app(tx, app.id or 0, branch_id, limit=1)
    if not newest:
        raise NotPossible("There is nothing to compare yet.", "Push first: `sandbox deploy`.")
    return newest[0]


async def _before(tx: AsyncSession, app: App, number: int | None) -> Deployment | None:
    if number is not None:
        return await deployments.get(tx, app, number)
    release = in_force(await releases.of_app(tx, app.id or 0))
    return await deployments.by_id(tx, release.deployment_id) if release else None


async def _side(tx: AsyncSession, app: App, row: Deployment | None, *, released: bool) -> _Side:
    if row is None:
        return _Side(None, frozenset())
    branch = await tx.get_one(Branch, row.branch_id)
    scope = "release" if released else "sandbox"
    rows = await variables.in_effect(tx, app.id or 0, scope, None if released else branch.name)
    return _Side(row, frozenset(variable.name for variable in rows))


def _changes(before: set[str], after: set[str]) -> list[str]:
    return [f"- {name}" for name in sorted(before - after)] + [f"+ {name}" for name in sorted(after - before)]


def _files(parts: Parts, before: Deployment | None, after: Deployment) -> list[FileChange]:
    old, new = _contents(parts, before), _contents(parts, after)
    changed = [path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path)][
        :_MOST_FILES
    ]
    texts_old, texts_new = _texts(parts, before, changed), _texts(parts, after, changed)
    return [
        FileChange(
            path=path,
            change="added" if path not in old else "removed" if path not in new else "changed",
            diff=_diff(path, texts_old.get(path), texts_new.get(path)),
        )
        for path in changed
    ]


def _contents(parts: Parts, row: Deployment | None) -> dict[str, str]:
    """Path → digest."""
    if row is None or not parts.bundles.has(row.bundle):
        return {}
    return archive.digests(parts.bundles.path(row.bundle))


def _texts(parts: Parts, row: Deployment | None, paths: list[str]) -> dict[str, str]:
    if row is None or not parts.bundles.has(row.bundle):
        return {}
    return archive.read_text(parts.bundles.path(row.bundle), paths, _LARGEST_TEXT)


def _diff(path: str, old: str | None, new: str | None) -> str:
    if (old is None and new is None) or "\0" in (old or "") + (new or ""):
        return ""
    lines = difflib.unified_diff((old or "").splitlines(), (new or "").splitlines(), path, path, lineterm="")
    return "\n".join(list(lines)[:_LONGEST_DIFF])
