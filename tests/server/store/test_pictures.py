"""Pictures on disk: whole or not there."""

import os
import sys
from pathlib import Path

import pytest
from tests.server.commenting import png

from sandbox_server.errors import NotFound, StorageFull
from sandbox_server.store import Pictures

pytestmark = pytest.mark.anyio


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    return Pictures(tmp_path / "pictures", reserve=0)


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "pictures").glob("*"))


async def test_what_was_kept_comes_back(pictures: Pictures, tmp_path: Path) -> None:
    digest = await pictures.keep(png())
    assert await pictures.read(digest) == png()
    assert await pictures.keep(png()) == digest
    assert files(tmp_path) == [digest]
    assert await pictures.size({digest, "0" * 64}) == len(png())


async def test_one_that_is_gone_is_said(pictures: Pictures) -> None:
    with pytest.raises(NotFound, match="not kept any more"):
        await pictures.read("0" * 64)


async def test_the_disks_reserve_is_left(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path / "pictures", reserve=sys.maxsize)
    with pytest.raises(StorageFull):
        await pictures.keep(png())
    assert files(tmp_path) == []


async def test_what_nobody_needs_goes_and_what_just_came_stays(pictures: Pictures, tmp_path: Path) -> None:
    needed, other = await pictures.keep(png()), await pictures.keep(png(3, 3))
    (tmp_path / "pictures" / "rest.draft").write_bytes(b"half")
    for path in (tmp_path / "pictures").iterdir():
        os.utime(path, (1000, 1000))
    again = await pictures.keep(png(3, 3))
    assert again == other
    pictures.remove_all_but({needed}, younger_than=2000)
    assert files(tmp_path) == sorted([needed, other])
    pictures.remove_all_but({needed}, younger_than=sys.maxsize)
    assert files(tmp_path) == [needed]
