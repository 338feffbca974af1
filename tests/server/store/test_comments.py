"""Comments on both databases: what has its place is found by an index, and nothing is read for nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from sqlmodel.ext.asyncio.session import AsyncSession
from tests.server.store.rows import NOON, a_deployment, an_app

from sandbox_server.errors import NotFound
from sandbox_server.store import Store, comments
from sandbox_server.store.tables import App, Deployment
from sandbox_server.store.tables_review import Comment, Review

pytestmark = pytest.mark.anyio

MANY = 10_000


def a_comment(deployment: Deployment, key: str, **said: Any) -> Comment:
    return Comment(
        **{
            "app_id": deployment.app_id, "branch_id": deployment.branch_id, "deployment_id": deployment.id or 0,
            "key": key, "name": "Rita", "text": "No label.", "created_at": NOON, **said,
        }
    )  # fmt: skip


async def a_review(tx: AsyncSession, deployment: Deployment) -> int:
    row = Review(
        app_id=deployment.app_id, branch_id=deployment.branch_id, deployment_id=deployment.id or 0, name="Rita",
        email="rita@example.com", nonce="1", by="anna", created_at=NOON, expires_at=NOON + timedelta(days=7),
    )  # fmt: skip
    tx.add(row)
    await tx.flush()
    return row.id or 0


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        heard.append(statement)

    event.listen(store.engine.sync_engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(store.engine.sync_engine, "before_cursor_execute", hear)


async def test_ten_thousand_comments_are_listed_by_a_few_statements(store: Store) -> None:
    log = [{"time": NOON.isoformat(), "stream": "stderr", "text": "x" * 500}] * 4
    async with store.write() as tx:
        deployment = await a_deployment(tx)
        other = await a_deployment(tx, "feature-x", 2)
        review = await a_review(tx, deployment)
        place = {"url": "/", "inputs": {"text": "y" * 500}}
        one = a_comment(deployment, "", place=place, log=log).model_dump(exclude={"id"})
        made = [
            {
                **one, "key": f"{n:016x}", "branch_id": (deployment if n % 10 else other).branch_id,
                "deployment_id": (deployment if n % 10 else other).id, "review_id": None if n % 2 else review,
                "resolved_at": None if n < 100 else NOON,
            }
            for n in range(MANY)
        ]  # fmt: skip
        answers = [{**one, "key": f"a{n:015x}", "parent_id": 1 + n % 3} for n in range(60)]
        await tx.exec(insert(Comment), params=made + answers)
    app = deployment.app_id
    async with store.read() as tx:
        with statements(store) as heard:
            open_ones = await comments.page(tx, app, open_only=True, limit=50)
        assert [one.row.id for one in open_ones] == list(range(100, 50, -1))
        assert len([one for one in heard if "BEGIN" not in one]) <= 3
        assert not [one for one in heard if "comment.log" in one.split("FROM")[0] and "JOIN" in one]
        newest = await comments.page(tx, app, deployment.branch_id, limit=3)
        assert [one.row.id for one in newest] == [MANY, MANY - 1, MANY - 2]
        oldest = await comments.page(tx, app, before=4, limit=50)
        assert [(one.row.id, len(one.answers)) for one in oldest] == [(3, 5), (2, 5), (1, 5)]
        assert [one.answered for one in oldest] == [20, 20, 20]
        assert (oldest[2].branch, oldest[2].deployment) == ("feature-x", 2)
        assert await comments.count_open(tx, app) == 100
        assert await comments.count_open(tx, app, other.branch_id) == 10
        assert await comments.count_open(tx, app, None, review) == 50
        assert await comments.open_by_branch(tx, app) == {deployment.branch_id: 90, other.branch_id: 10}
        assert await comments.sent(tx, review) == MANY // 2
        assert [one.row.id for one in await comments.page(tx, app, None, review, limit=2)] == [9999, 9997]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM comment WHERE app_id = 1 AND parent_id IS NULL AND resolved_at IS NULL",
        "SELECT branch_id, count(*) FROM comment WHERE parent_id IS NULL AND resolved_at IS NULL AND app_id = 1 "
        "GROUP BY branch_id",
        "SELECT count(*) FROM comment WHERE review_id = 1 AND created_at > '2026-01-01'",
        "SELECT id FROM comment WHERE app_id = 1 AND parent_id IS NULL AND id < 90 ORDER BY id DESC LIMIT 50",
    ],
)
async def test_whatever_is_counted_or_looked_for_is_found_in_an_index_alone(
    store: Store, url: str, query: str
) -> None:
    if not url.startswith("sqlite"):
        return
    async with store.read() as tx:
        plan = " ".join(str(row) for row in await tx.exec(text(f"EXPLAIN QUERY PLAN {query}")))  # type: ignore[call-overload]
    assert "USING COVERING INDEX comment_" in plan


async def test_a_comment_that_came_before_is_found_by_its_key(store: Store) -> None:
    async with store.write() as tx:
        deployment = await a_deployment(tx)
        review, other = await a_review(tx, deployment), await a_review(tx, deployment)
        by_link = await comments.add(tx, a_comment(deployment, "a" * 16, review_id=review))
        by_login = await comments.add(tx, a_comment(deployment, "a" * 16, user="ben"))
    async with store.read() as tx:
        for key, review_id, user, found in (
            ("a" * 16, review, "", by_link.id),
            ("a" * 16, other, "", None),
            ("b" * 16, review, "", None),
            ("a" * 16, None, "ben", by_login.id),
            ("a" * 16, None, "cleo", None),
        ):
            row = await comments.sent_before(tx, a_comment(deployment, key, review_id=review_id, user=user))
            assert (row.id if row else None) == found


async def test_settling_twice_changes_nothing_the_second_time(store: Store) -> None:
    async with store.write() as tx:
        row = await comments.add(tx, a_comment(await a_deployment(tx), "a" * 16))
        done = [await comments.settle(tx, row, at, "ben") for at in (NOON, NOON, None, None)]
    assert done == [True, False, True, False]


async def test_a_comment_is_found_in_its_own_app_and_branch_alone(store: Store) -> None:
    async with store.write() as tx:
        row = await comments.add(tx, a_comment(await a_deployment(tx), "a" * 16))
        answer = await comments.add(
            tx, a_comment(await a_deployment(tx, number=2), "b" * 16, parent_id=row.id)
        )
        app, other = await an_app(tx), await an_app(tx, "other-app")
    async with store.read() as tx:
        assert (await comments.get(tx, app, row.id or 0, "main")).id == row.id
        for where, comment, branch in ((other, row, None), (app, row, "feature-x"), (app, answer, None)):
            with pytest.raises(NotFound):
                await comments.get(tx, where, comment.id or 0, branch)


async def test_pictures_of_apps_that_are_there_are_needed(store: Store) -> None:
    async with store.write() as tx:
        deployment = await a_deployment(tx)
        await comments.add(tx, a_comment(deployment, "a" * 16, picture="1" * 64))
        await comments.add(tx, a_comment(deployment, "b" * 16))
    async with store.write() as tx:
        assert await comments.needed_pictures(tx) == {"1" * 64}
        (await tx.get_one(App, deployment.app_id)).removed_at = NOON
    async with store.read() as tx:
        assert await comments.needed_pictures(tx) == set()
