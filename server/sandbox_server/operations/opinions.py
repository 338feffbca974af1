"""What people say of an app's branches, in few words: who judged what they show now, who was invited, what is open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.person import person
from sandbox_server.operations import heard
from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, comments, deployments, opinions
from sandbox_server.store.opinions import Invited, Judged
from sandbox_server.store.tables import Branch


@dataclass(frozen=True)
class Opinion:
    """Of one branch, about what it shows now: of each person the verdict that stands, as gates look at it."""

    rejected: tuple[str, ...] = ()
    """Names."""
    remarks: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    """Who have a link that works, and gave no verdict yet."""
    open_comments: int = 0
    """Made on whichever deployment of the branch."""
    ignored: tuple[str, ...] = ()
    """Whom gates do not count, whatever they said."""


@dataclass(frozen=True)
class _Heard(Judged):
    counts: bool


async def of_app(parts: Parts, app: str) -> dict[str, Opinion]:
    """By the branch's name; a branch of which nobody was asked has none. Raises `NotFound`."""
    async with parts.store.read() as tx:
        row = await apps.get(tx, app)
        assert row.id is not None
        judged = await _standing(tx, row.id, await opinions.judged(tx, row.id), parts.clock())
        invited = await opinions.invited(tx, row.id, parts.clock())
        left = await _open_comments(tx, row.id)
    names = {one.branch for one in judged} | {one.branch for one in invited} | left.keys()
    return {name: _opinion(name, judged, invited, left.get(name, 0)) for name in names}


async def of_deployment(parts: Parts, app: str, number: int) -> Opinion:
    """About this deployment, also when its branch shows another one by now. Raises `NotFound`."""
    async with parts.store.read() as tx:
        row = await apps.get(tx, app)
        deployment = await deployments.get(tx, row, number)
        assert row.id is not None
        assert deployment.id is not None
        branch = await tx.get_one(Branch, deployment.branch_id)
        judged = await _standing(
            tx, row.id, await opinions.judged_on(tx, deployment.id, deployment.branch_id), parts.clock()
        )
        if branch.current_id != deployment.id:
            left = await opinions.open_comments_on(tx, row.id, deployment.branch_id, deployment.id)
            return _opinion(branch.name, judged, [], left)
        invited = await opinions.invited(tx, row.id, parts.clock())
        return _opinion(branch.name, judged, invited, await comments.count_open(tx, row.id, branch.id))


async def open_comments(parts: Parts) -> dict[str, int]:
    """Of every app that has some, by its name."""
    async with parts.store.read() as tx:
        names = {row.id: row.name for row in await apps.all_apps(tx)}
        found = await opinions.open_comments_of_apps(tx)
    return {names[app]: count for app, count in found.items() if app in names}


async def _standing(tx: AsyncSession, app_id: int, judged: Sequence[Judged], now: datetime) -> list[_Heard]:
    """Of each person the one that the gates would look at, on each deployment."""
    stand = await heard.stands(tx, app_id, [one.verdict for one in judged], now)
    return [
        _Heard(one.branch, one.verdict, not stand[one.verdict.id or 0])
        for one in judged
        if one.verdict.id in stand
    ]


async def _open_comments(tx: AsyncSession, app_id: int) -> dict[str, int]:
    names = {branch.id: branch.name for branch in await apps.branches(tx, app_id)}
    found = await comments.open_by_branch(tx, app_id)
    return {names[branch]: count for branch, count in found.items() if branch in names}


def _opinion(branch: str, judged: Iterable[_Heard], invited: Iterable[Invited], left: int) -> Opinion:
    given = [one for one in judged if one.branch == branch]
    answered = {person(one.verdict.email) for one in given}
    waiting = {person(one.email): one.name for one in invited if one.branch == branch}

    def names(outcome: str) -> tuple[str, ...]:
        return tuple(one.verdict.name for one in given if one.counts and one.verdict.outcome == outcome)

    return Opinion(
        names("rejected"),
        names("remarks"),
        names("accepted"),
        tuple(name for who, name in waiting.items() if who not in answered),
        left,
        tuple(one.verdict.name for one in given if not one.counts),
    )
