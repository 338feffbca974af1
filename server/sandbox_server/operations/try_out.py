"""Try out: what a reviewer is told of a test version. What is new, on which data, and what to try."""

from dataclasses import dataclass, field

from anyio import to_thread
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth.guests import Guest, Link, open_link
from sandbox_server.domain import archive, config, news, project, steps
from sandbox_server.domain.batch import new_commits
from sandbox_server.domain.release import in_force
from sandbox_server.errors import NotPossible
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments, releases
from sandbox_server.store.tables import Branch, Deployment
from sandbox_server.wire_review import Step

_MOST = 64 * 1024
"""Bytes that are read of each file."""
_MOST_COMMITS = 50
_REMEMBERED = 100
"""Bundles."""


@dataclass(frozen=True)
class Briefing:
    number: int
    """Of the test version."""
    news: list[str]
    """What is new, in words: an item each."""
    commits: list[str]
    """Since the live version, newest first: "<short hash> <first line>"."""
    data: str
    """What data is behind it, in words; empty: nobody said."""
    steps: list[Step] = field(default_factory=list)
    """What to try."""
    live: int | None = None
    """The live version's number."""
    newest: int = 0
    """Of the test version that the branch shows now."""


async def what_to_try(parts: Parts, guest: Guest, number: int | None = None) -> Briefing:
    """Of what the guest's branch shows now, or of an earlier test version of it. Raises `NotPossible`, `LinkOver`."""
    async with parts.store.read() as tx:
        link = await open_link(tx, guest, parts.clock())
        row = await asked_version(tx, link, number) if number else await _shown_now(tx, link.branch)
    return await brief(parts, guest.app, row.number, link.review.script)


async def asked_version(tx: AsyncSession, link: Link, number: int) -> Deployment:
    """One of the link's own branch. Raises `NotPossible`: there may be others, and the link is not for them."""
    row = await deployments.on_branch(tx, link.branch.id or 0, number)
    if row is None:
        raise NotPossible(f"Test version {number} is not what you were asked to try.", "Open the link again.")
    return row


async def brief(parts: Parts, app_name: str, number: int, script: str = "") -> Briefing:
    """Of any deployment; `script` is what a publisher wrote for this reviewer. Raises `NotFound`."""
    async with parts.store.read() as tx:
        app = await apps.get(tx, app_name)
        row = await deployments.get(tx, app, number)
        branch = await tx.get_one(Branch, row.branch_id)
        newest = await tx.get(Deployment, branch.current_id) if branch.current_id else None
        current = in_force(await releases.of_app(tx, app.id or 0))
        live = await deployments.by_id(tx, current.deployment_id) if current else None
    said = config.stored(row.config).review
    texts = await _texts(parts, row, [said.script, said.news])
    return Briefing(
        number=row.number,
        news=news.lines_of(row.note) or news.newest(texts.get(said.news, "")),
        commits=new_commits(live.commits if live else (), row.commits)[:_MOST_COMMITS],
        data=said.data,
        steps=[Step(text=text) for text in steps.parse(script or texts.get(said.script, ""))],
        live=live.number if live else None,
        newest=newest.number if newest else row.number,
    )


async def _shown_now(tx: AsyncSession, branch: Branch) -> Deployment:
    shown = await tx.get(Deployment, branch.current_id) if branch.current_id else None
    if shown is None:
        raise NotPossible("There is nothing to try yet.", "Come back in a while.")
    return shown


async def _texts(parts: Parts, row: Deployment, names: list[str]) -> dict[str, str]:
    """By name, of the file that is nearest to the app; none of a bundle of long ago, which is gone."""
    folder = config.stored(row.config).path
    places = {name: project.places(folder, name) for name in names if name}
    found = await _read(parts, row.bundle, sorted({path for paths in places.values() for path in paths}))
    return {
        name: next((found[path] for path in paths if path in found), "") for name, paths in places.items()
    }


async def _read(parts: Parts, bundle: str, paths: list[str]) -> dict[str, str]:
    """A bundle never changes, so it is looked through once."""
    key = (bundle, *paths)
    if key not in parts.briefed:
        if not parts.bundles.has(bundle):
            return {}
        path = parts.bundles.path(bundle)
        try:
            parts.briefed[key] = await to_thread.run_sync(archive.read_text, path, paths, _MOST)
        except FileNotFoundError:  # collected just now
            return {}
        while len(parts.briefed) > _REMEMBERED:
            del parts.briefed[next(iter(parts.briefed))]
    return parts.briefed[key]
