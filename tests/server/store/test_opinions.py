"""What people say of branches, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from tests.server.store.rows import NOON, a_deployment
from tests.server.store.test_comments import a_comment, a_review, statements

from sandbox_server.store import Store, opinions, verdicts
from sandbox_server.store.opinions import Invited
from sandbox_server.store.tables import Branch
from sandbox_server.store.tables_review import Verdict

pytestmark = pytest.mark.anyio

RITA: dict[str, Any] = {"name": "Rita", "email": "rita@example.com"}


async def test_only_what_a_branch_shows_now_has_its_verdicts(store: Store) -> None:
    async with store.write() as tx:
        old, new = await a_deployment(tx), await a_deployment(tx, number=2)
        (await tx.get_one(Branch, new.branch_id)).current_id = new.id
        link = await a_review(tx, old)
        for row, outcome in ((old, "accepted"), (new, "rejected"), (new, "remarks")):
            tx.add(
                Verdict(
                    app_id=row.app_id, deployment_id=row.id or 0, review_id=link, outcome=outcome, image="sha256:1",
                    created_at=NOON, **RITA,
                )
            )  # fmt: skip
            await tx.flush()
    async with store.read() as tx:
        now = await opinions.judged(tx, new.app_id)
        before = await opinions.judged_on(tx, old.id or 0, old.branch_id)
    assert [one.verdict.outcome for one in now] == ["rejected", "remarks"]
    assert [(one.branch, one.verdict.outcome, one.verdict.email) for one in before] == [
        ("main", "accepted", RITA["email"])
    ]


async def test_links_that_work_and_comments_that_are_open_are_told(store: Store) -> None:
    async with store.write() as tx:
        row = await a_deployment(tx)
        link = await a_review(tx, row)
        first = a_comment(row, "1" * 16, review_id=link)
        tx.add_all([first, a_comment(row, "2" * 16, review_id=link, resolved_at=NOON)])
        await tx.flush()
        tx.add(a_comment(row, "3" * 16, review_id=link, parent_id=first.id))
    async with store.read() as tx:
        assert await opinions.invited(tx, row.app_id, NOON) == [Invited("main", **RITA)]
        assert await opinions.invited(tx, row.app_id, NOON + timedelta(days=7)) == []
        assert await opinions.open_comments_of_apps(tx) == {row.app_id: 1}
        assert await opinions.open_comments_on(tx, row.app_id, row.branch_id, row.id or 0) == 1
        assert await opinions.open_comments_on(tx, row.app_id, row.branch_id, 99) == 0
    async with store.write() as tx:
        (await tx.get_one(Branch, row.branch_id)).removed_at = NOON
    async with store.read() as tx:
        assert await opinions.open_comments_of_apps(tx) == {}
        assert await opinions.open_comments_on(tx, row.app_id, row.branch_id, row.id or 0) == 0


async def test_lists_of_verdicts_leave_out_what_is_long(store: Store) -> None:
    async with store.write() as tx:
        row = await a_deployment(tx)
        link = await a_review(tx, row)
        for outcome in ("rejected", "accepted"):
            tx.add(
                Verdict(
                    app_id=row.app_id, deployment_id=row.id or 0, review_id=link, outcome=outcome, image="sha256:1",
                    text="long" * 99, created_at=NOON, **RITA,
                )
            )  # fmt: skip
            await tx.flush()
    async with store.read() as tx:
        with statements(store) as heard:
            found = await verdicts.given(tx, {row.id or 0, 99})
    assert [(one.outcome, one.name, one.created_at) for one in found] == [
        ("accepted", "Rita", NOON),
        ("rejected", "Rita", NOON),
    ]
    assert not any(word in " ".join(heard) for word in ("verdict.text", "verdict.steps", "verdict.meaning"))
