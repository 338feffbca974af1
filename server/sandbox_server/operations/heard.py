"""Who is heard: which verdicts stand, and which of them gates count, now and when a release was made."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.gates import GatesConfig, stored
from sandbox_server.domain.opinion import Kind, names_by_outcome
from sandbox_server.domain.reviewers import Signed, standing, uncounted
from sandbox_server.store import deployments, reviews, users, verdicts
from sandbox_server.store import gates as rows
from sandbox_server.store.tables import Deployment, Release
from sandbox_server.store.tables_review import Gate, Verdict

_MOST_CHANGES = 1000
"""Of gates, that are looked at to tell which ones an old release had to pass."""


async def stands(tx: AsyncSession, app_id: int, given: Sequence[Verdict], now: datetime) -> dict[int, str]:
    """Of all verdicts on some of the app's deployments those that stand, by id: a person's newest that counts.

    With each goes why gates do not count it all the same; empty: they do, or ask for no review.
    """
    demanded, mails = await rows.in_force(tx, app_id), await users.mails(tx)
    said, found = await signed(tx, given), dict[int, str]()
    for id, of in (await deployments.by_ids(tx, {one.deployment_id for one in given})).items():
        theirs = [one for one in said if one.deployment_id == id]
        why = uncounted(demanded, theirs, of.image or "", of.author, mails, now)
        stand = standing(demanded, theirs, of.image or "", of.author, mails)
        found |= {one: why.get(one, "") for one in stand}
    return found


async def by_then(
    tx: AsyncSession, app_id: int, made: Sequence[Release], of: Mapping[int | None, Deployment]
) -> dict[int, dict[Kind, list[str]]]:
    """Who had said what of each release's deployment by then, as the gates of that moment saw it; by its number.

    `of`: their deployments, by id.
    """
    given = await signed(tx, await verdicts.given(tx, {row.deployment_id for row in made}))
    if not given:
        return {}
    changed, mails = await rows.recent(tx, app_id, _MOST_CHANGES), await users.mails(tx)
    found: dict[int, dict[Kind, list[str]]] = {}
    for row in made:
        theirs = [one for one in given if one.deployment_id == row.deployment_id]
        if theirs and (deployment := of.get(row.deployment_id)):
            found[row.number] = names_by_outcome(
                _before(changed, row), theirs, row.image, deployment.author, mails, row.created_at
            )
    return found


async def signed(tx: AsyncSession, given: Sequence[Verdict] | Sequence[verdicts.Given]) -> list[Signed]:
    """In the same order."""
    revoked = await reviews.revoked(tx, {one.review_id for one in given})
    return [_signed(one, withdrawn=one.review_id in revoked) for one in given]


def _signed(one: Verdict | verdicts.Given, *, withdrawn: bool) -> Signed:
    return Signed(
        id=one.id or 0, deployment_id=one.deployment_id, review=one.review_id, outcome=one.outcome, name=one.name,
        email=one.email, user=one.user, identified=one.identified, image=one.image, at=one.created_at,
        variables_at=one.variables_at, withdrawn=withdrawn,
    )  # fmt: skip


def _before(changed: Sequence[Gate], release: Release) -> GatesConfig:
    """The gates that this release had to pass; what it brought itself came after. `changed`: newest first."""
    for row in changed:
        if row.created_at <= release.created_at and row.release != release.number:
            return stored(row.gates)
    return GatesConfig()
