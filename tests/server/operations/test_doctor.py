"""The doctor's remedies fit what is wrong."""

import pytest
from tests.server.cast import APP, HELLO
from tests.server.platform import Platform
from tests.server.reviewing import demand

from sandbox_server.operations.doctor import examine
from sandbox_server.runtime.base import RuntimeFacts
from sandbox_server.wire import Finding

pytestmark = pytest.mark.anyio


async def engine(platform: Platform, facts: RuntimeFacts) -> Finding:
    async def told() -> RuntimeFacts:
        return facts

    platform.runtime.facts = told  # type: ignore[method-assign]
    return next(row for row in await examine(platform.parts) if row.part == "engine")


async def test_an_engine_that_is_away_is_to_be_started(platform: Platform) -> None:
    found = await engine(platform, RuntimeFacts("docker", "", False, ("The engine cannot be reached.",)))
    assert (found.status, found.message) == ("failed", "docker The engine cannot be reached.")
    assert "systemctl start docker" in found.remedy


async def test_a_missing_firewall_rule_is_put_back_by_a_restart_of_the_server(platform: Platform) -> None:
    found = await engine(platform, RuntimeFacts("docker", "28.1", False, ("The firewall rule is missing.",)))
    assert (found.status, found.message) == ("failed", "docker 28.1: The firewall rule is missing.")
    assert "restart the server" in found.remedy
    assert "start docker" not in found.remedy


async def test_an_author_who_could_review_an_own_push_unseen_is_named(platform: Platform) -> None:
    await platform.deploy()
    assert "reviewers" not in [row.part for row in await examine(platform.parts)]
    await demand(platform, reviews=1)
    [found] = [row for row in await examine(platform.parts) if row.part == "reviewers"]
    assert found.status == "warning"
    assert found.message.startswith(f"{APP}: Whether a reviewer is the author is known only for logged-in")
    assert "sandboxd user email" in found.remedy
    await demand(platform, reviews=1, author_may_review=True)
    assert "reviewers" not in [row.part for row in await examine(platform.parts)]


async def test_bookmarks_are_named_with_their_app_before_their_room_is_full(platform: Platform) -> None:
    assert "bookmarks" not in [row.part for row in await examine(platform.parts)]
    await platform.deploy("main", {"app.R": HELLO["app.R"] + 'enableBookmarking("server")\n'})
    for size, status in ((3 * 1024**2, "ok"), (1000 * 1024**2, "warning")):
        [name] = await platform.runtime.volumes()
        platform.runtime.fill(name, size)
        found = next(row for row in await examine(platform.parts) if row.part == "bookmarks")
        assert found.status == status
        assert f"{APP} (sandbox)" in found.message
    assert name in found.remedy
