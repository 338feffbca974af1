"""Platforms with other settings."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.server.platform import Platform, open_platform


@pytest.fixture
async def long_start(tmp_path: Path, empty_database: Path) -> AsyncIterator[Platform]:
    """Apps may take long to start: for those that end while they do."""
    async with open_platform(tmp_path, empty_database, start_timeout=15) as opened:
        yield opened
