"""What becomes of comments: answers, settling, lists, history."""

import pytest
from tests.server.cast import ANNA, APP, BEN, HELLO
from tests.server.commenting import a_guest, answered, listed, said, told
from tests.server.platform import Platform

from sandbox_server.errors import (
    Forbidden,
    NotFound,
    NotPossible,
)
from sandbox_server.operations.comment import answer, comment, reopen, resolve
from sandbox_server.operations.comments import list_comments
from sandbox_server.operations.remove import remove_branch
from sandbox_server.store import comments as rows

pytestmark = pytest.mark.anyio


async def test_both_answer_and_a_double_click_is_one_answer(platform: Platform) -> None:
    await platform.deploy()
    rita = await a_guest(platform)
    made = await comment(platform.parts, rita, APP, 1, said())
    once = answered("Mended in the next push.")
    for _ in range(2):
        await answer(platform.parts, BEN, APP, made.id, once)
    shown = await answer(platform.parts, rita, APP, made.id, answered("Thank you."))
    assert [(one.name, one.user, one.text) for one in shown.answers] == [
        ("ben", "ben", "Mended in the next push."),
        ("Rita", "", "Thank you."),
    ]
    with pytest.raises(NotFound):
        await answer(platform.parts, BEN, APP, shown.answers[0].id, answered())


async def test_answers_have_a_most(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox_server.domain.comment.MOST_ANSWERS", 1)
    await platform.deploy()
    made = await comment(platform.parts, BEN, APP, 1, said())
    await answer(platform.parts, BEN, APP, made.id, answered())
    with pytest.raises(NotPossible, match="1 answers"):
        await answer(platform.parts, BEN, APP, made.id, answered())


async def test_publishers_and_the_reviewer_who_wrote_it_settle_a_comment(platform: Platform) -> None:
    await platform.deploy()
    rita, tom = await a_guest(platform), await a_guest(platform, name="Tom")
    made = await comment(platform.parts, rita, APP, 1, said())
    resolved = await resolve(platform.parts, BEN, APP, made.id)
    assert (resolved.resolved_by, resolved.resolved_at) == ("ben", platform.clock())
    assert (await resolve(platform.parts, ANNA, APP, made.id)).resolved_by == "ben"
    assert await listed(platform, open_only=True) == []
    assert (await reopen(platform.parts, rita, APP, made.id)).resolved_at is None
    with pytest.raises(Forbidden, match="Only Rita"):
        await resolve(platform.parts, tom, APP, made.id)
    assert (await resolve(platform.parts, rita, APP, made.id)).resolved_by == "Rita"


async def test_the_history_tells_every_change_and_no_word_of_it(platform: Platform) -> None:
    await platform.deploy()
    rita = await a_guest(platform)
    made = await comment(platform.parts, rita, APP, 1, said("secret words"))
    await answer(platform.parts, BEN, APP, made.id, answered("secret answer"))
    await resolve(platform.parts, BEN, APP, made.id)
    await reopen(platform.parts, rita, APP, made.id)
    assert await told(platform) == [
        f"rita@example.com comment.made d1 >comment {made.id}",
        f"ben comment.answered d1 >comment {made.id}",
        f"ben comment.resolved d1 >comment {made.id}",
        f"rita@example.com comment.reopened d1 >comment {made.id}",
    ]
    assert "secret" not in str(await platform.history())


async def test_comments_of_a_removed_branch_are_not_open_but_stay(platform: Platform) -> None:
    await platform.deploy("main")
    await platform.deploy("feature-x", {**HELLO, "new.R": "x <- 1\n"})
    made = await comment(platform.parts, BEN, APP, 2, said())
    await remove_branch(platform.parts, ANNA, APP, "feature-x")
    found = await list_comments(platform.parts, APP)
    assert ([one.id for one in found.comments], found.open) == ([made.id], 0)
    assert await listed(platform, "feature-x", open_only=True) == []
    assert len(await listed(platform, "feature-x")) == 1


async def test_lists_come_in_pages(platform: Platform) -> None:
    await platform.deploy()
    made = [await comment(platform.parts, BEN, APP, 1, said()) for _ in range(5)]
    await resolve(platform.parts, BEN, APP, made[4].id)
    first = await list_comments(platform.parts, APP, open_only=True, limit=2)
    assert ([one.id for one in first.comments], first.open) == ([made[3].id, made[2].id], 4)
    rest = await list_comments(platform.parts, APP, open_only=True, before=first.next, limit=2)
    assert ([one.id for one in rest.comments], rest.next) == ([made[1].id, made[0].id], None)


async def test_open_ones_are_counted_by_branch(platform: Platform) -> None:
    await platform.deploy()
    made = [await comment(platform.parts, BEN, APP, 1, said()) for _ in range(3)]
    await resolve(platform.parts, BEN, APP, made[0].id)
    branch = (await platform.row(1)).branch_id
    async with platform.parts.store.read() as tx:
        assert await rows.open_by_branch(tx) == {branch: 2}
