"""Proposals: what a bundle's sandbox.toml says about gates, and when it begins to hold.

An app's first proposal holds at once. Every later one is adopted with the full release of its bundle, so that no branch
lowers its own bar. A bundle without `[gates]` proposes nothing.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain import config
from sandbox_server.domain.gate_words import changes
from sandbox_server.domain.gates import GatesConfig, stored
from sandbox_server.store import events, gates, releases
from sandbox_server.store.tables import App, Deployment, Release


async def take_first(tx: AsyncSession, app: App, deployment: Deployment, now: datetime) -> None:
    """In the transaction of a push. Nothing, if the app has gates or ever had a release."""
    assert app.id is not None
    wanted = config.stored(deployment.config).gates
    if wanted is None or await gates.newest(tx, app.id) or await releases.of_app(tx, app.id):
        return
    await gates.add(tx, app.id, wanted, by=deployment.author, now=now, deployment_id=deployment.id)
    await _tell(tx, app, deployment, "gates.proposed", GatesConfig(), wanted, deployment.author, now)


async def adopt(
    tx: AsyncSession, app: App, deployment: Deployment, release: Release, *, asked_at: datetime
) -> None:
    """In the transaction of a release of all visitors. Nothing, if its bundle proposes what is so already, or if the
    gates were changed after somebody asked for it: that person saw another difference."""
    assert app.id is not None
    wanted, row = config.stored(deployment.config).gates, await gates.newest(tx, app.id)
    before = stored(row.gates) if row else GatesConfig()
    if wanted is None or not changes(before, wanted) or (row and row.created_at > asked_at):
        return
    await gates.add(
        tx, app.id, wanted, by=release.by, now=release.created_at, reason=release.reason,
        deployment_id=deployment.id, release=release.number,
    )  # fmt: skip
    await _tell(tx, app, deployment, "gates.adopted", before, wanted, release.by, release.created_at)


async def _tell(
    tx: AsyncSession,
    app: App,
    deployment: Deployment,
    action: str,
    before: GatesConfig,
    after: GatesConfig,
    by: str,
    now: datetime,
) -> None:
    await events.record(
        tx, at=now, by=by, action=action, app=app.name, subject=f"d{deployment.number}",
        new=", ".join(changes(before, after)),
    )  # fmt: skip
