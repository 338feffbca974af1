"""Where the browser goes, and for how long."""

from pathlib import Path

import pytest
from tests.server.cast import HELLO
from tests.server.platform import Platform, open_platform

pytestmark = pytest.mark.anyio


async def test_users_wait_for_the_visit_of_a_release_only(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    assert [(visit.url.split(".")[0], visit.users_wait) for visit in platform.visitor.visited] == [
        ("http://d1--sales-dashboard", False),
        ("http://sales-dashboard", True),
    ]


async def test_the_server_says_how_long_a_visit_may_take_unless_the_app_does(
    tmp_path: Path, empty_database: Path
) -> None:
    async with open_platform(tmp_path, empty_database, smoke_timeout=7) as platform:
        await platform.deploy("main")
        await platform.deploy("feature-x", {**HELLO, "sandbox.toml": "[smoke]\ntimeout = 90\n"})
        assert [visit.timeout for visit in platform.visitor.visited] == [7, 90]
