"""What branches propose of gates, and what held before."""

import pytest
from tests.server.cast import ANNA, APP, HELLO
from tests.server.platform import Platform

from sandbox_server.errors import NotFound
from sandbox_server.operations import gates
from sandbox_server.operations.gates_told import history, proposals
from sandbox_server.operations.remove import remove_branch
from sandbox_server.wire_review import GatesRequest

pytestmark = pytest.mark.anyio


def with_reviews(count: int) -> dict[str, str]:
    return HELLO | {"sandbox.toml": f"[gates]\nreviews = {count}\n"}


async def told(platform: Platform) -> list[tuple[str, int, list[str]]]:
    return [(one.branch, one.deployment, one.changes) for one in await proposals(platform.parts, APP)]


async def test_branches_are_named_that_would_change_something(platform: Platform) -> None:
    await platform.deploy("main", with_reviews(2))
    await platform.deploy("alike", with_reviews(2))
    await platform.deploy("lower", with_reviews(1))
    await platform.deploy("silent")
    assert await told(platform) == [("lower", 3, ["- reviews = 2", "+ reviews = 1"])]


async def test_what_a_branch_proposed_before_does_not_count(platform: Platform) -> None:
    await platform.deploy("main", with_reviews(2))
    await platform.deploy("lower", with_reviews(1))
    await platform.deploy("lower", with_reviews(2))
    assert await told(platform) == []
    await platform.deploy("other", with_reviews(3))
    await remove_branch(platform.parts, ANNA, APP, "other")
    assert await told(platform) == []


async def test_the_history_says_what_changed_and_by_whom(platform: Platform) -> None:
    await platform.deploy("main", with_reviews(2))
    (only,) = await history(platform.parts, APP)
    assert (only.deployment, only.release, only.changes) == (1, None, ["+ reviews = 2"])
    request = GatesRequest(gates={"reviews": 1, "max_commits": 5}, reason="a quiet week")
    await gates.set_gates(platform.parts, ANNA, APP, request)
    newest, first = await history(platform.parts, APP)
    assert (newest.deployment, newest.by, newest.reason) == (None, "anna", "a quiet week")
    assert newest.changes == ["+ max_commits = 5", "- reviews = 2", "+ reviews = 1"]
    assert first.changes == ["+ reviews = 2"]
    (limited,) = await history(platform.parts, APP, limit=1)
    assert limited == newest


async def test_without_gates_there_is_nothing_to_tell(platform: Platform) -> None:
    await platform.deploy()
    assert (await told(platform), await history(platform.parts, APP)) == ([], [])
    with pytest.raises(NotFound):
        await proposals(platform.parts, "nope")
