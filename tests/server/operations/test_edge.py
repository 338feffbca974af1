"""What the rows ask of the edge, beyond routes: shares of visitors, and how many sessions there may be."""

import pytest
from tests.server.cast import APP, HELLO
from tests.server.platform import Platform

from sandbox_server.domain.edge import Edge

pytestmark = pytest.mark.anyio

HOST = f"{APP}.apps.localhost"


def running(platform: Platform) -> Edge:
    assert platform.router.running is not None
    return platform.router.running


async def test_a_candidate_has_its_share_until_it_is_released_to_all(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    second = await platform.deploy(files={**HELLO, "more.R": ""})
    for percent in (10, 50):
        await platform.promote(second, percent=percent)
        share, _, slot = running(platform).shares[HOST].partition(":")
        assert (share, running(platform).labels[slot].split("-")[0]) == (str(percent), "d2")
        assert platform.users_get() == "d1"
    await platform.promote(second)
    assert running(platform).shares == {}
    assert platform.users_get() == "d2"


async def test_visitors_wait_only_where_the_app_says_how_many_an_instance_serves(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    assert running(platform).limits == {}
    said = "[instances]\nmax = 1\nsessions_per_instance = 7\n[instances.sandbox]\nsessions_per_instance = 2\n"
    await platform.promote(await platform.deploy(files={**HELLO, "sandbox.toml": said}))
    limits = running(platform).limits
    assert limits[running(platform).routes[HOST]] == "7"
    assert sorted(limits.values()) == ["2", "7"]


async def test_who_is_in_an_earlier_process_of_the_edge_takes_a_place_too(platform: Platform) -> None:
    said = "[instances]\nmax = 1\nsessions_per_instance = 7\n"
    await platform.promote(await platform.deploy(files={**HELLO, "sandbox.toml": said}))
    slot = running(platform).routes[HOST]
    [place] = [server for server in running(platform).servers if server.slot == slot]
    for count, left in ((5, "2"), (9, "0"), (0, "7")):
        platform.router.set_sessions(place, count)
        platform.router.set_left_over(place, count)
        await platform.sleep(10)
        assert running(platform).limits[slot] == left


async def test_a_page_has_no_sessions_that_could_fill_it(platform: Platform) -> None:
    said = "[instances]\nsessions_per_instance = 1\n"
    await platform.deploy(files={"index.html": "<p>hello", "sandbox.toml": said})
    assert running(platform).limits == {}
