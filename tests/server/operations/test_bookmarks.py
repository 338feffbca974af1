"""Volumes for the bookmarks of an app's users."""

import pytest
from tests.server.cast import ANNA, APP, HELLO
from tests.server.platform import Platform

from sandbox_server.domain.instance import Scope
from sandbox_server.operations.collect import collect
from sandbox_server.operations.remove import remove_app

pytestmark = pytest.mark.anyio

SAVES = {"app.R": HELLO["app.R"] + 'enableBookmarking("server")\n'}


async def volume(platform: Platform, number: int, scope: Scope = Scope.sandbox) -> str:
    instance = await platform.instance(number, scope)
    return platform.runtime.spec(instance.name).volume


async def test_only_an_app_that_saves_bookmarks_has_a_volume(platform: Platform) -> None:
    first, second = await platform.deploy("main"), await platform.deploy("feature-x", SAVES)
    assert await volume(platform, first) == ""
    assert (await volume(platform, second)).endswith("-bookmarks-1-sandbox")


async def test_sandboxes_share_one_and_never_the_releases(platform: Platform) -> None:
    first, second = await platform.deploy("main", SAVES), await platform.deploy("feature-x", SAVES)
    await platform.promote(first)
    assert await volume(platform, first) == await volume(platform, second)
    released = await volume(platform, first, Scope.release)
    assert released.endswith("-bookmarks-1-release")
    await platform.promote(second)
    assert await volume(platform, second, Scope.release) == released


async def test_they_stay_as_long_as_the_app_and_go_with_it(platform: Platform) -> None:
    await platform.deploy("main", SAVES)
    await platform.sleep(3600)
    await collect(platform.parts)
    assert len(await platform.runtime.volumes()) == 1
    await remove_app(platform.parts, ANNA, APP)
    await platform.sleep(60)
    await collect(platform.parts)
    assert await platform.runtime.volumes() == {}


async def test_each_instance_has_a_secret_of_its_own(platform: Platform) -> None:
    first, second = await platform.deploy("main"), await platform.deploy("feature-x", SAVES)
    secrets = [(await platform.environment(number))["SANDBOX_SECRET"] for number in (first, second)]
    assert len(set(secrets)) == 2
    assert all(len(secret) >= 32 for secret in secrets)
    name = (await platform.instance(first)).name
    assert secrets[0] == platform.parts.sealer.derive(f"runner {name}")


async def test_to_remove_them_nobody_weighs_them(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    async def weigh() -> dict[str, int]:
        raise AssertionError("This takes the engine seconds.")

    await platform.deploy("main", SAVES)
    monkeypatch.setattr(platform.runtime, "volumes", weigh)
    await remove_app(platform.parts, ANNA, APP)
    await platform.sleep(60)
    await collect(platform.parts)
    assert await platform.runtime.volume_names() == []
