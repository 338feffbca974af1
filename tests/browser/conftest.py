"""Fixtures of all tests in a browser."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser
from tests.browser.anna import anna, browsing, server
from tests.browser.stage import Stage, open_stage

__all__ = ["anna", "server"]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as opened:
        yield opened


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path_factory.mktemp("home")) as stage:
        await stage.platform.promote(await stage.push("main"))
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Stage:
    """One server for all; each test has a branch of its own."""
    shared.apps.headers.clear()
    shared.apps.script, shared.apps.lost = "", 0
    shared.apps.asked.clear()
    return shared
