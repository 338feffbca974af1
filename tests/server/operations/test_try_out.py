"""What a reviewer is told of a test version."""

import pytest
from tests.server.cast import APP, HELLO
from tests.server.platform import Platform
from tests.server.reviewing import asked, opened

from sandbox_server.auth.guests import Guest
from sandbox_server.errors import NotPossible
from sandbox_server.operations.try_out import Briefing, brief, what_to_try
from sandbox_server.wire_review import Step

pytestmark = pytest.mark.anyio

FILES = {
    **HELLO,
    "uat.md": "# Try\n1. Open **it**\n2. Close it\n",
    "NEWS.md": "# sales 1.2\n- A chart\n# sales 1.1\n- Old\n",
    "sandbox.toml": '[review]\ndata = "test data of 20 November"\n',
}


async def guest_of(platform: Platform, **said: str) -> Guest:
    return await opened(platform, await asked(platform, **said))


async def test_it_works(platform: Platform) -> None:
    await platform.deploy(files=FILES, commits=["bbb2222 Chart", "aaa1111 Start"])
    assert await what_to_try(platform.parts, await guest_of(platform)) == Briefing(
        number=1,
        news=["A chart"],
        commits=["bbb2222 Chart", "aaa1111 Start"],
        data="test data of 20 November",
        steps=[Step(text="Open it"), Step(text="Close it")],
        live=None,
        newest=1,
    )


async def test_a_pushs_note_says_what_is_new_and_commits_since_the_live_version_are_told(
    platform: Platform,
) -> None:
    await platform.deploy(files=FILES, commits=["aaa1111 Start"], commit="aaa1111")
    await platform.promote(1)
    await platform.deploy(
        files={**FILES, "a.R": "1"}, note="- Faster\n- Nicer", commits=["bbb2222 Chart", "aaa1111 Start"]
    )
    told = await what_to_try(platform.parts, await guest_of(platform))
    assert (told.number, told.live, told.newest) == (2, 1, 2)
    assert (told.news, told.commits) == (["Faster", "Nicer"], ["bbb2222 Chart"])


async def test_what_the_publisher_wrote_goes_before_the_file(platform: Platform) -> None:
    await platform.deploy(files=FILES)
    guest = await guest_of(platform, script="Look at the chart\nSay what you think")
    assert [step.text for step in (await what_to_try(platform.parts, guest)).steps] == [
        "Look at the chart",
        "Say what you think",
    ]


async def test_a_newer_version_is_told_and_the_earlier_one_still_shown(platform: Platform) -> None:
    await platform.deploy(files=FILES)
    guest = await guest_of(platform)
    await platform.deploy(files={**FILES, "uat.md": "- Something else\n"})
    earlier = await what_to_try(platform.parts, guest, 1)
    assert (earlier.number, earlier.newest, len(earlier.steps)) == (1, 2, 2)
    assert (await what_to_try(platform.parts, guest)).number == 2


async def test_other_branches_are_nobodys_business(platform: Platform) -> None:
    await platform.deploy(files=FILES)
    guest = await guest_of(platform)
    await platform.deploy("secret", FILES)
    with pytest.raises(NotPossible, match="not what you were asked to try"):
        await what_to_try(platform.parts, guest, 2)
    with pytest.raises(NotPossible, match="not what you were asked to try"):
        await what_to_try(platform.parts, guest, 99)


async def test_files_may_lie_beside_the_app_or_at_the_top_and_have_other_names(platform: Platform) -> None:
    files = {
        "app/app.R": HELLO["app.R"],
        "app/uat.md": "- Near\n",
        "uat.md": "- Far\n",
        "docs/changes.md": "- New\n",
        "sandbox.toml": 'path = "app"\n[review]\nnews = "docs/changes.md"\n',
    }
    await platform.deploy(files=files)
    told = await brief(platform.parts, APP, 1)
    assert ([step.text for step in told.steps], told.news) == (["Near"], ["New"])


async def test_an_app_that_says_nothing_is_shown_all_the_same(platform: Platform) -> None:
    await platform.deploy()
    told = await brief(platform.parts, APP, 1)
    assert (told.news, told.commits, told.data, told.steps) == ([], [], "", [])


async def test_a_bundle_is_looked_through_once(platform: Platform) -> None:
    await platform.deploy(files=FILES)
    first = await brief(platform.parts, APP, 1)
    path = platform.parts.bundles.path((await platform.show(1)).bundle)
    path.write_bytes(b"no archive any more")
    assert await brief(platform.parts, APP, 1) == first


async def test_a_bundle_that_is_gone_says_nothing_more(platform: Platform) -> None:
    await platform.deploy(files=FILES)
    platform.parts.bundles.path((await platform.show(1)).bundle).unlink()
    told = await brief(platform.parts, APP, 1)
    assert (told.data, told.steps) == ("test data of 20 November", [])
