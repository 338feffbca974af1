import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.repository import Server, make_repository, serve

from sandbox_server.repositories import Repositories

Open = Callable[..., Repositories]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(make_repository(tmp_path / "cran")) as server:
        yield server


@pytest.fixture
async def open_repositories(tmp_path: Path) -> AsyncIterator[Open]:
    """Makes them with short timeouts; the folder is the same each time."""
    async with contextlib.AsyncExitStack() as stack:

        def make(*cran: str, **words: Any) -> Repositories:
            made = Repositories(tmp_path / "packages", cran=cran, **{"timeout": 0.5, **words})
            stack.push_async_callback(made.close)
            return made

        yield make
