"""As many sandboxes as are allowed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.server.cast import ANNA, APP
from tests.server.platform import Platform, open_platform

from sandbox_server.errors import QuotaReached
from sandbox_server.operations.remove import remove_branch

pytestmark = pytest.mark.anyio


@pytest.fixture
async def small(tmp_path: Path, empty_database: Path) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path, empty_database, sandboxes_per_app=4, sandboxes=5) as opened:
        yield opened


async def fill(platform: Platform, count: int) -> None:
    for number in range(1, count + 1):
        await platform.push(f"b{number}")
        platform.clock.advance(24 * 3600)


async def test_it_works(small: Platform) -> None:
    await fill(small, 4)
    with pytest.raises(QuotaReached) as caught:
        await small.push("one-more")
    assert caught.value.message == f"{APP} has 4 sandboxes, as many as an app may have."
    assert f"`sandbox rm --app {APP} --branch b1` (untouched for 4 days)" in caught.value.hint
    assert caught.value.hint.count("sandbox rm") == 3
    assert "b4" not in caught.value.hint


async def test_a_push_to_a_sandbox_that_is_there_is_none_more(small: Platform) -> None:
    await fill(small, 4)
    await small.push("b1")


async def test_a_removed_one_makes_room(small: Platform) -> None:
    await fill(small, 4)
    await remove_branch(small.parts, ANNA, APP, "b2")
    await small.push("one-more")


async def test_all_apps_together_have_a_limit_too(small: Platform) -> None:
    await fill(small, 3)
    for number in range(2):
        await small.push(f"c{number}", app="other-app")
    with pytest.raises(QuotaReached, match="This server has 5 sandboxes"):
        await small.push("c2", app="other-app")
    with pytest.raises(QuotaReached, match="This server has 5 sandboxes"):
        await small.push("main", app="third-app")


async def test_released_ones_are_no_candidates(small: Platform) -> None:
    await small.deploy("b1")
    await small.promote(1)
    for number in range(2, 5):
        await small.push(f"b{number}")
    with pytest.raises(QuotaReached) as caught:
        await small.push("one-more")
    assert "--branch b1`" not in caught.value.hint


@pytest.mark.parametrize(
    ("limits", "setting"),
    [({"sandboxes_per_app": 1}, "SANDBOX_SANDBOXES_PER_APP"), ({"sandboxes": 1}, "SANDBOX_SANDBOXES")],
)
async def test_if_all_are_released_the_limit_that_was_reached_is_named(
    tmp_path: Path, empty_database: Path, limits: dict[str, int], setting: str
) -> None:
    async with open_platform(tmp_path, empty_database, **limits) as platform:
        await platform.deploy("b1")
        await platform.promote(1)
        with pytest.raises(QuotaReached) as caught:
            await platform.push("one-more")
    assert caught.value.hint.endswith(f"have the administrator raise {setting}.")
