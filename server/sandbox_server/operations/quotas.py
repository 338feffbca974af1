"""Quotas: a push that would make one sandbox too many is refused, with the names of those that nobody used for long."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.durations import in_words
from sandbox_server.errors import QuotaReached
from sandbox_server.operations.parts import Parts
from sandbox_server.store.tables import App, Branch, Deployment, Release

_NAMED = 3


async def check(parts: Parts, tx: AsyncSession, app_name: str, branch: str) -> None:
    """Raises `QuotaReached` if this branch has no sandbox yet and there is no room for another one."""
    settings = parts.settings
    standing = select(Branch.name, App.name).join(App, col(App.id) == col(Branch.app_id)).where(*_LIVE)
    known = set((await tx.exec(standing.where(App.name == app_name))).all())
    if (branch, app_name) in known:
        return
    if len(known) >= settings.sandboxes_per_app:
        words = f"{app_name} has {len(known)} sandboxes, as many as an app may have."
        raise QuotaReached(
            words, _hint(await _oldest(tx, app_name), parts.clock(), "SANDBOX_SANDBOXES_PER_APP")
        )
    count = (await tx.exec(select(func.count()).select_from(Branch).join(App).where(*_LIVE))).one()
    if count >= settings.sandboxes:
        words = f"This server has {count} sandboxes, as many as it may have."
        raise QuotaReached(words, _hint(await _oldest(tx, None), parts.clock(), "SANDBOX_SANDBOXES"))


async def _oldest(tx: AsyncSession, app: str | None) -> Sequence[tuple[str, str, datetime | None]]:
    """App, branch and last touch of those that nobody touched for longest; released ones are left out."""
    released = select(Deployment.branch_id).join(Release, col(Release.deployment_id) == col(Deployment.id))
    query = (
        select(App.name, Branch.name, Branch.touched_at)
        .join(Branch, col(Branch.app_id) == col(App.id))
        .where(*_LIVE, col(Branch.id).not_in(released))
        .order_by(func.coalesce(Branch.touched_at, Branch.created_at))
        .limit(_NAMED)
    )
    return list(await tx.exec(query.where(App.name == app) if app else query))


def _hint(oldest: Sequence[tuple[str, str, datetime | None]], now: datetime, setting: str) -> str:
    if not oldest:
        return f"All of them are or were released; have the administrator raise {setting}."
    named = [
        f"`sandbox rm --app {app} --branch {branch}`{_since(touched, now)}" for app, branch, touched in oldest
    ]
    return f"Remove one that nobody needs: {', '.join(named)}."


def _since(touched: datetime | None, now: datetime) -> str:
    return f" (untouched for {in_words(max((now - touched).total_seconds(), 0))})" if touched else ""


_LIVE = (col(Branch.removed_at).is_(None), col(App.removed_at).is_(None))
