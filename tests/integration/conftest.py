"""Real platforms. Files that need other settings, or kill, make their own."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest
from tests.building import need_base
from tests.integration.edge_parts import Kit, kit, released
from tests.integration.platform import NO_BROWSER, Platform
from tests.integration.r_apps import Apps


@pytest.fixture(scope="session")
def base_image() -> None:
    """R and Debian below every app."""
    anyio.run(need_base)


@pytest.fixture
async def apps(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Apps]:
    """Single instances, without a platform around them."""
    await need_base()
    made = Apps("t" + secrets.token_hex(3), tmp_path)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture(scope="session")
def platform(base_image: None) -> Iterator[Platform]:
    """A platform with everything, shared by all who need no settings of their own; each has an app's name to itself."""
    made = Platform()
    try:
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture(scope="session")
def quick(base_image: None) -> Iterator[Platform]:
    """The same without a checking browser, for tests that push a lot."""
    made = Platform(chromium=NO_BROWSER)
    try:
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture(scope="module")
async def shared_edge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kit]:
    """An edge with a release; its users declare a module-wide `anyio_backend`."""
    async with kit(tmp_path_factory.mktemp("edge")) as made:
        await released(made)
        yield made


@pytest.fixture
async def edge(shared_edge: Kit) -> AsyncIterator[Kit]:
    """The same, put back after each test."""
    before = shared_edge.wanted
    yield shared_edge
    for app in (*shared_edge.apps, shared_edge.control, shared_edge.waker):
        app.answer_headers = []
    await shared_edge.go(before)
