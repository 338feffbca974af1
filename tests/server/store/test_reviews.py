"""Links and verdicts on both databases."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.server.platform import Platform, assemble
from tests.server.reviewing import asked, demand, opened, signed, token
from tests.server.store.rows import a_deployment

from sandbox_server.errors import Forbidden, NotFound, StateChanged
from sandbox_server.store import reviews, verdicts
from sandbox_server.store.tables import Branch

pytestmark = pytest.mark.anyio


@pytest.fixture
async def platform(url: str, tmp_path: Path) -> AsyncIterator[Platform]:
    """With one deployment that its branch shows."""
    made = assemble(tmp_path, database=url)
    async with made.parts.store.write() as tx:
        row = await a_deployment(tx, status="asleep")
        (await tx.get_one(Branch, row.branch_id)).current_id = row.id
    yield made
    await made.parts.store.close()


async def test_a_link_is_the_same_after_it_was_kept(platform: Platform) -> None:
    platform.clock.advance(0.123456)
    review = await asked(platform)
    assert (await opened(platform, review)).review_id == review.id
    for number in (0, 2, 2**31 - 1, 2**31, 10**10):
        with pytest.raises(NotFound):
            await opened(platform, f"{number}.{token(review).partition('.')[2]}")


async def test_of_many_verdicts_at_once_one_is_kept(platform: Platform) -> None:
    guest = await opened(platform, await asked(platform))
    outcomes = ["accepted", "rejected"] * 4
    done = await asyncio.gather(
        *(signed(platform, guest, outcome=outcome) for outcome in outcomes), return_exceptions=True
    )
    assert [type(one) for one in done if isinstance(one, Exception)] == [StateChanged] * 7
    async with platform.parts.store.read() as tx:
        (row,) = await verdicts.of_deployment(tx, 1)
    assert (row.name, row.image, row.steps) == ("Rita", "sha256:1", [])


async def test_wrong_codes_at_once_are_all_counted(platform: Platform) -> None:
    await demand(platform, identified=True)
    guest = await opened(platform, await asked(platform))
    async with platform.parts.store.write() as tx:
        row = (await reviews.of_app(tx, 1))[0]
        row.code_at = platform.clock()
    done = await asyncio.gather(
        *(signed(platform, guest, code="no") for _ in range(8)), return_exceptions=True
    )
    said = sorted(str(one) for one in done)
    assert {type(one) for one in done} == {Forbidden}
    assert [words.startswith("No code is good any more") for words in said].count(True) == 3


async def test_a_link_is_revoked_once(platform: Platform) -> None:
    await asked(platform)
    async with platform.parts.store.read() as tx:
        assert len(await reviews.open_ones(tx, 1, platform.clock())) == 1
    async with platform.parts.store.write() as tx:
        (row,) = await reviews.of_app(tx, 1)
        assert await reviews.revoke(tx, row, "anna", platform.clock())
        assert not await reviews.revoke(tx, row, "ben", platform.clock())
        assert row.revoked_by == "anna"
        assert await reviews.open_ones(tx, 1, platform.clock()) == []
