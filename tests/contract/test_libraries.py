"""What every builder promises about R packages from archives, over the real engine and the one in memory."""

import io
import secrets
import tarfile
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from docker import APIClient
from tests.building import Told, need_base, remove_all_of
from tests.r_packages import compiled, r_package

from sandbox_server.builder import BuildLimits, DockerBuilder, Installed, Library, MemoryBuilder, Program
from sandbox_server.errors import BaseMissing, BuildFailed

pytestmark = pytest.mark.anyio

Builders = MemoryBuilder | DockerBuilder


@pytest.fixture
async def docker_builder(engine_client: APIClient, anyio_backend: str) -> AsyncIterator[DockerBuilder]:
    await need_base()
    platform = "t" + secrets.token_hex(3)
    made = DockerBuilder(platform, limits=BuildLimits(reserve=0))
    yield made
    await made.close()
    remove_all_of(engine_client, platform)


@pytest.fixture(params=["memory", "docker"])
def builder(request: pytest.FixtureRequest) -> Builders:
    if request.param == "memory":
        return MemoryBuilder(broken={"broken"})
    made: DockerBuilder = request.getfixturevalue("docker_builder")
    return made


async def test_packages_are_installed_in_their_order_over_those_below(
    builder: Builders, tmp_path: Path
) -> None:
    base, told = await builder.base(), Told()
    low = compiled(tmp_path, "low")
    high = r_package(tmp_path, "high", fields={"Imports": "low"})
    newer = r_package(tmp_path, "zoo", "99.0")
    library = Library(frozenset({"r-cran-zoo"}), (low, high, newer))
    image = await builder.library(base, library, told)
    found = {one.name: one for one in await builder.installed(image)}
    assert replace(found["low"], needs=()) == Installed("low", "1.0", low.origin, low.digest)
    assert found["zoo"].version == "99.0"
    assert replace(found["shiny"], needs=()) == Installed("shiny", base.installed["shiny"], "base")
    steps = [words for words in told.steps if words.startswith("installing")]
    assert steps == [
        f"installing {n} of 3 packages: {name}" for n, name in enumerate(("low", "high", "zoo"), 1)
    ]
    assert await builder.library(base, library, Told()) == image


async def test_of_debians_packages_the_version_is_known(builder: Builders) -> None:
    base = await builder.base()
    image = await builder.library(base, Library(frozenset({"r-cran-zoo"})), Told())
    found = {one.name: one for one in await builder.installed(image)}
    assert replace(found["zoo"], needs=()) == Installed("zoo", "1.8-14", "Debian r-cran-zoo 1.8-14-1")


async def test_a_base_lists_its_own_packages(builder: Builders) -> None:
    base = await builder.base()
    found = await builder.installed(base.image)
    assert {one.name: one.version for one in found} == base.installed
    assert [one.name for one in found] == sorted(base.installed)


async def test_a_package_that_does_not_compile_is_named_with_its_own_log(
    builder: Builders, tmp_path: Path
) -> None:
    base, told = await builder.base(), Told()
    good, broken = (
        r_package(tmp_path, "good"),
        compiled(tmp_path, "broken", "int f(void) { return nothing; }\n"),
    )
    with pytest.raises(BuildFailed, match=r"Package broken 1\.0 could not be installed") as failure:
        await builder.library(base, Library(sources=(good, broken)), told)
    assert "compilation failed for package" in failure.value.detail.replace("‘", "'")
    assert "good" not in failure.value.detail
    assert told.steps[-1] == "installing 2 of 2 packages: broken"


async def test_an_r_that_nobody_has_is_refused(builder: Builders) -> None:
    with pytest.raises(BaseMissing, match=r"R 3\.1"):
        await builder.base("3.1")
    with pytest.raises(BaseMissing, match=r"No source of base images has R 3\.1"):
        await builder.make_base("3.1", Told())


async def test_a_base_that_is_there_is_not_made_again(builder: Builders) -> None:
    base = await builder.base()
    told = Told()
    assert await builder.make_base("4.5", told) == base == await builder.base("4.5")
    assert told.steps == []


async def test_an_image_knows_what_each_package_needs(docker_builder: DockerBuilder, tmp_path: Path) -> None:
    base = await docker_builder.base()
    fields = {"Imports": "zoo (>= 1.0),\n    methods", "Depends": "R (>= 3.5)"}
    library = Library(frozenset({"r-cran-zoo"}), (r_package(tmp_path, "high", fields=fields),))

    image = await docker_builder.library(base, library, Told())

    found = {one.name: one.needs for one in await docker_builder.installed(image)}
    assert set(found["high"]) == {"zoo", "methods"}
    assert "lattice" in found["zoo"]
    of_base = {one.name: one.needs for one in await docker_builder.installed(base.image)}
    assert "httpuv" in of_base["shiny"]
    assert set(of_base["shiny"]) == set(found["shiny"])


async def test_quarto_is_unpacked_where_the_runner_looks(
    docker_builder: DockerBuilder, engine_client: APIClient, tmp_path: Path
) -> None:
    base = await docker_builder.base()

    image = await docker_builder.library(base, Library(quarto=quarto_archive(tmp_path)), Told())

    container = engine_client.create_container(image, ["/opt/quarto/bin/quarto"])["Id"]
    try:
        engine_client.start(container)
        engine_client.wait(container)
        assert engine_client.logs(container) == b"here\n"
    finally:
        engine_client.remove_container(container, force=True)


async def test_a_package_cache_that_takes_nothing_fails_no_build(
    docker_builder: DockerBuilder, tmp_path: Path
) -> None:
    full = tmp_path / "full"
    full.write_text("no folder")
    builder = DockerBuilder("x" + secrets.token_hex(3), limits=BuildLimits(reserve=0), packages=full)
    try:
        package = replace(r_package(tmp_path, "low"), shared=True)
        assert await builder.library(await builder.base(), Library(sources=(package,)), Told())
    finally:
        await builder.destroy()
        await builder.close()


async def test_a_name_that_apt_would_take_for_a_pattern_is_refused(docker_builder: DockerBuilder) -> None:
    library = Library(frozenset({"lib.+", "g++"}))
    with pytest.raises(BuildFailed) as failure:
        await docker_builder.library(await docker_builder.base(), library, Told())
    assert failure.value.message.endswith("Debian has no package lib.+")


async def test_an_archive_that_is_no_quarto_is_refused(docker_builder: DockerBuilder, tmp_path: Path) -> None:
    base = await docker_builder.base()
    archive = tmp_path / "other.tar.gz"
    archive.write_bytes(b"no archive")

    with pytest.raises(BuildFailed, match="Quarto"):
        await docker_builder.library(base, Library(quarto=Program(archive, "d1" * 32)), Told())


def quarto_archive(folder: Path) -> Program:
    """With a folder of its version, as its makers pack it."""
    target, script = folder / "quarto.tar.gz", b"#!/bin/sh\necho here\n"
    with tarfile.open(target, "w:gz") as tar:
        entry = tarfile.TarInfo("quarto-1.2.3/bin/quarto")
        entry.size, entry.mode = len(script), 0o755
        tar.addfile(entry, io.BytesIO(script))
    return Program(target, sha256(target.read_bytes()).hexdigest())
