"""Stopped on purpose is not crashed."""

import pytest
from tests.server.platform import Platform

from sandbox_server.operations import edge
from sandbox_server.operations.quiet import stop_all
from sandbox_server.runtime.base import ContainerState

pytestmark = pytest.mark.anyio


async def test_what_was_stopped_comes_back_and_is_not_told_as_crashed(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    await stop_all(platform.parts)
    states = {container.state for container in await platform.runtime.containers()}
    assert (states, platform.router.running) == ({ContainerState.exited}, None)
    await platform.router.prepare(await edge.wanted(platform.parts))
    platform.parts.written = platform.parts.applied = None
    await platform.quiet()
    assert (platform.users_get(), platform.sandbox_shows()) == ("d1", "d1")
    assert not [told for told in await platform.history() if "crashed" in told]


async def test_it_may_be_asked_for_twice(platform: Platform) -> None:
    await platform.deploy()
    await stop_all(platform.parts)
    await stop_all(platform.parts)
