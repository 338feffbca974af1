"""What was compiled once is not compiled again, whatever happens to the cache."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from docker import APIClient
from tests.building import Told, need_base, remove_all_of
from tests.r_packages import compiled

from sandbox_server.builder import BuildLimits, DockerBuilder, Library

pytestmark = [pytest.mark.anyio, pytest.mark.engine]


@pytest.fixture
async def builder(anyio_backend: str, tmp_path: Path) -> AsyncIterator[DockerBuilder]:
    await need_base()
    client = APIClient(version="auto")
    platform = "t" + secrets.token_hex(3)
    made = DockerBuilder(platform, limits=BuildLimits(reserve=0), packages=tmp_path / "built")
    yield made
    await made.close()
    remove_all_of(client, platform)
    client.close()


async def test_a_compiled_package_serves_other_libraries_and_a_damaged_one_none(
    builder: DockerBuilder, tmp_path: Path
) -> None:
    base = await builder.base()
    one, private = compiled(tmp_path, "one", shared=True), compiled(tmp_path, "private")
    await builder.library(base, Library(sources=(one, private)), Told())
    [kept] = (tmp_path / "built").rglob("*.tar")
    assert kept.name.startswith("one_1.0_")

    found = Told()
    two = compiled(tmp_path, "two")
    image = await builder.library(base, Library(sources=(one, two)), found)
    assert "1 package from the package cache: one" in found.lines
    assert [words for words in found.steps if "one" in words.split()] == []
    assert {"one", "two"} <= {package.name for package in await builder.installed(image)}

    kept.write_bytes(kept.read_bytes()[:5000])
    again = Told()
    await builder.library(base, Library(frozenset(), (one,)), again)
    assert "installing 1 of 1 packages: one" in again.steps
    [whole] = (tmp_path / "built").rglob("*.tar")
    assert whole.stat().st_size > 5000


async def test_different_libraries_are_made_at_once_and_the_same_one_once(
    builder: DockerBuilder, tmp_path: Path
) -> None:
    base = await builder.base()
    one, two = (Library(sources=(compiled(tmp_path, name, shared=True),)) for name in ("one", "two"))
    images: list[str] = []
    told = [Told() for _ in range(3)]

    async def make(library: Library, report: Told) -> None:
        images.append(await builder.library(base, library, report))

    async with anyio.create_task_group() as tasks:
        for library, report in zip((one, one, two), told, strict=True):
            tasks.start_soon(make, library, report)
    assert len(set(images)) == 2
    assert sum(bool(report.lines) for report in told) == 2
