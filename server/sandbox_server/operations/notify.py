"""Notify: tell an app's owner by mail and webhook what is open, and once it is over, that it is over."""

import logging
from dataclasses import dataclass
from datetime import datetime

import anyio
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import telling
from sandbox_server.domain.release import in_force
from sandbox_server.domain.telling import Message, Progress, Side
from sandbox_server.errors import StoreUnavailable
from sandbox_server.operations.parts import Parts
from sandbox_server.post import NotSent, Way
from sandbox_server.store import deployments, events, notices, releases
from sandbox_server.store.tables import App
from sandbox_server.store.tables_seen import Notice

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two looks for what is to be told."""


@dataclass(frozen=True)
class Letter:
    notice: int
    addresses: list[str]
    message: Message
    side: Side


async def keep(parts: Parts, way: Way) -> None:
    """Until cancelled. Each way has a loop of its own, so that one that hangs holds up nobody."""
    while True:
        try:
            await notify(parts, way)
        except StoreUnavailable:
            pass  # the store says so itself, once
        except Exception:
            log.exception("telling by %s failed", way.name)
        await anyio.sleep(EVERY)


async def notify(parts: Parts, way: Way) -> None:
    """One round; a way that does not work is left alone until the next one."""
    for letter in await _letters(parts, way):
        try:
            await way.send(letter.message, letter.addresses, letter.notice)
        except NotSent as error:
            await _failed(parts, way, letter, error)
            if not error.alone:
                break
        else:
            await _told(parts, way, letter)
    await _finish(parts)


async def _letters(parts: Parts, way: Way) -> list[Letter]:
    """What is due on this way, oldest first."""
    now = parts.clock()
    found = []
    async with parts.store.read() as tx:
        for notice in await notices.untold(tx):
            progress = Progress.of(notice.told, way.name)
            told = telling.side(progress, notice.settled_at is not None)
            if told is None or not telling.is_due(progress, now):
                continue
            app = await tx.get_one(App, notice.app_id)
            addresses = telling.addresses(await _owner(tx, app))
            if way.reaches(addresses):
                found.append(Letter(notice.id or 0, addresses, _message(parts, app, notice, told), told))
    return found


def _message(parts: Parts, app: App, notice: Notice, told: Side) -> Message:
    return telling.message(
        app=app.name, key=notice.key, text=notice.text, hint=notice.hint, told=told,
        page=f"{parts.settings.control_url}/apps/{app.name}", at=notice.settled_at or notice.at,
    )  # fmt: skip


async def _owner(tx: AsyncSession, app: App) -> str:
    """As the release in force says, else the newest push."""
    current = in_force(await releases.of_app(tx, app.id or 0))
    if current is not None:
        return str((await deployments.by_id(tx, current.deployment_id)).config.get("owner") or "")
    newest = await deployments.of_app(tx, app.id or 0, limit=1)
    return str(newest[0].config.get("owner") or "") if newest else ""


async def _told(parts: Parts, way: Way, letter: Letter) -> None:
    now = parts.clock()
    async with parts.store.write() as tx:
        notice = await tx.get_one(Notice, letter.notice)
        _set(notice, way, telling.succeeded(Progress.of(notice.told, way.name), letter.side, now))
        # It may have been settled while it was told.
        notice.all_told = False
        tx.add(notice)


async def _failed(parts: Parts, way: Way, letter: Letter, error: NotSent) -> None:
    now = parts.clock()
    async with parts.store.write() as tx:
        notice = await tx.get_one(Notice, letter.notice)
        since = notice.at if letter.side == "opened" else notice.settled_at or now
        before = Progress.of(notice.told, way.name)
        progress = telling.failed(before, str(error), since, now, final=error.final)
        _set(notice, way, progress)
        tx.add(notice)
        if progress.gave_up:
            app = await tx.get_one(App, notice.app_id)
            await events.record(
                tx, at=now, by="platform", action="notice.untold", app=app.name, subject=notice.key,
                new=way.name, reason=str(error),
            )  # fmt: skip
    if progress.gave_up or progress.failures == 1:
        ending = "given up" if progress.gave_up else "it is tried again"
        log.warning(
            "a notice about %s could not be told by %s: %s; %s", letter.message.app, way.name, error, ending
        )


def _set(notice: Notice, way: Way, progress: Progress) -> None:
    notice.told = {**notice.told, way.name: progress.dump()}


async def _finish(parts: Parts) -> None:
    """Notices of which nothing is left to tell are not looked at again."""
    async with parts.store.read() as tx:
        waiting = [(notice.id or 0, await _is_done(parts, tx, notice)) for notice in await notices.untold(tx)]
    for number in [number for number, done in waiting if done]:
        async with parts.store.write() as tx:
            notice = await tx.get_one(Notice, number)
            if await _is_done(parts, tx, notice):
                notice.all_told, notice.told_at = True, notice.told_at or _first(notice)
                tx.add(notice)


async def _is_done(parts: Parts, tx: AsyncSession, notice: Notice) -> bool:
    addresses = telling.addresses(await _owner(tx, await tx.get_one(App, notice.app_id)))
    left = [
        telling.side(Progress.of(notice.told, way.name), notice.settled_at is not None)
        for way in parts.ways
        if way.reaches(addresses)
    ]
    return not any(left)


def _first(notice: Notice) -> datetime | None:
    """When everybody who could be reached had it."""
    times = [progress["opened"] for progress in notice.told.values() if progress["opened"]]
    return datetime.fromisoformat(max(times)) if times else None
