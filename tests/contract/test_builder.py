"""What every builder promises, over the real engine and the one in memory."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient
from tests.building import Told, debian, files_of, layer_of, need_base, remove_all_of

from sandbox_server.builder import Base, BuildLimits, DockerBuilder, Engine, Library, MemoryBuilder, docker
from sandbox_server.domain import archive
from sandbox_server.domain.catalogue import DebianPackage
from sandbox_server.errors import BaseMissing, BuildFailed, RuntimeUnavailable

pytestmark = pytest.mark.anyio

HELLO = files_of("hello")
ZOO = debian("r-cran-zoo")
NOTHING = Library()


class InMemory:
    """Handles of the twin."""

    def __init__(self) -> None:
        self.builder = MemoryBuilder()

    def without_base(self) -> MemoryBuilder:
        return MemoryBuilder(now=None)

    def without_engine(self) -> MemoryBuilder:
        return MemoryBuilder(away=True)

    def use(self, image: str) -> None:
        self.builder.used.add(image)


class OnEngine:
    """The same, done to a real engine."""

    def __init__(self, client: APIClient) -> None:
        self.client = client
        self.platform = "t" + secrets.token_hex(3)
        self.builder = DockerBuilder(self.platform, limits=BuildLimits(reserve=0))

    def without_base(self) -> DockerBuilder:
        return DockerBuilder(self.platform, base="sandbox-test-no-such-image")

    def without_engine(self) -> DockerBuilder:
        return DockerBuilder(self.platform, engine=Engine("tcp://127.0.0.1:1"))

    def use(self, image: str) -> None:
        self.client.create_container(image, labels={"sandbox.platform": self.platform})


@pytest.fixture(params=["memory", "docker"])
async def machine(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[InMemory | OnEngine]:
    if request.param == "memory":
        yield InMemory()
        return
    await need_base()
    on_engine = OnEngine(request.getfixturevalue("engine_client"))
    yield on_engine
    await on_engine.builder.close()
    remove_all_of(on_engine.client, on_engine.platform)


async def test_it_works(machine: InMemory | OnEngine, tmp_path: Path) -> None:
    builder = machine.builder
    base = await builder.base()
    library = await builder.library(base, NOTHING, Told())
    image = await builder.code(library, layer_of(HELLO, tmp_path))
    assert await builder.has(image)


async def test_the_base_knows_its_packages_and_those_that_debian_offers(machine: InMemory | OnEngine) -> None:
    base = await machine.builder.base()
    assert base.r_version.startswith("4.")
    assert {"shiny", "bslib", "ggplot2"} <= set(base.installed)
    assert base.available["zoo"] == DebianPackage("r-cran-zoo", "1.8-14")
    assert not {name.lower() for name in base.installed} & set(base.available)
    assert all(name == name.lower() for name in base.available)


async def test_without_a_base_it_says_how_to_make_one(machine: InMemory | OnEngine) -> None:
    builder = machine.without_base()
    with pytest.raises(BaseMissing) as missing:
        await builder.base()
    assert "sandboxd base build" in missing.value.hint
    await builder.close()


async def test_an_engine_that_is_away_is_an_error_that_may_pass(
    machine: InMemory | OnEngine, tmp_path: Path
) -> None:
    builder = machine.without_engine()
    base = Base("sha256:1", "4.5.0", {})
    for call in (
        builder.base(),
        builder.library(base, ZOO, Told()),
        builder.code(base.image, layer_of(HELLO, tmp_path)),
        builder.images(),
        builder.has(base.image),
        builder.remove(base.image),
        builder.remove_libraries(),
        builder.sweep(),
    ):
        with pytest.raises(RuntimeUnavailable):
            await call
    await builder.close()


async def test_a_library_without_packages_is_the_base(machine: InMemory | OnEngine) -> None:
    base = await machine.builder.base()
    assert await machine.builder.library(base, NOTHING, Told()) == base.image


async def test_a_library_is_installed_once_and_then_found_again(machine: InMemory | OnEngine) -> None:
    base = await machine.builder.base()
    told = Told()
    first = await machine.builder.library(base, ZOO, told)
    assert any("r-cran-zoo" in line for line in told.lines)
    again = Told()
    assert await machine.builder.library(base, ZOO, again) == first
    assert (again.lines, again.steps) == ([], [])
    assert await machine.builder.has(first)


async def test_a_package_that_cannot_be_had_fails_for_good(machine: InMemory | OnEngine) -> None:
    base = await machine.builder.base()
    with pytest.raises(BuildFailed) as failure:
        await machine.builder.library(base, debian("r-cran-notapackageatall"), Told())
    assert "r-cran-notapackageatall" in failure.value.detail


async def test_the_same_bundle_on_the_same_library_is_the_same_image(
    machine: InMemory | OnEngine, tmp_path: Path
) -> None:
    base = await machine.builder.base()
    layer = layer_of(HELLO, tmp_path)
    first = await machine.builder.code(base.image, layer)
    assert await machine.builder.code(base.image, layer) == first
    assert len(await machine.builder.images()) == 1


async def test_another_bundle_is_another_image(machine: InMemory | OnEngine, tmp_path: Path) -> None:
    base = await machine.builder.base()
    layers = [layer_of(HELLO, tmp_path), layer_of({**HELLO, "notes.txt": b"new"}, tmp_path)]
    images = [await machine.builder.code(base.image, layer) for layer in layers]
    found = {image.id: image for image in await machine.builder.images()}
    assert sorted(found) == sorted(images)
    assert found[images[1]].bundle == layers[1].digest
    assert found[images[1]].library == base.image
    assert found[images[1]].size > 0


async def test_a_removed_image_is_gone_and_removing_it_again_is_success(
    machine: InMemory | OnEngine, tmp_path: Path
) -> None:
    base = await machine.builder.base()
    image = await machine.builder.code(base.image, layer_of(HELLO, tmp_path))
    for _ in range(2):
        await machine.builder.remove(image)
        assert not await machine.builder.has(image)
        assert await machine.builder.images() == []


async def test_an_image_in_use_stays(machine: InMemory | OnEngine, tmp_path: Path) -> None:
    base = await machine.builder.base()
    image = await machine.builder.code(base.image, layer_of(HELLO, tmp_path))
    machine.use(image)
    await machine.builder.remove(image)
    assert await machine.builder.has(image)


async def test_only_images_of_bundles_are_removed(machine: InMemory | OnEngine) -> None:
    base = await machine.builder.base()
    await machine.builder.remove(base.image)
    assert await machine.builder.has(base.image)


async def test_a_library_goes_with_the_last_image_on_it(machine: InMemory | OnEngine, tmp_path: Path) -> None:
    builder = machine.builder
    base = await builder.base()
    library = await builder.library(base, ZOO, Told())
    image = await builder.code(library, layer_of(HELLO, tmp_path))
    await builder.remove_libraries()
    assert await builder.has(library)
    await builder.remove(image)
    await builder.remove_libraries()
    assert (await builder.has(library), await builder.has(base.image)) == (False, True)


async def test_a_library_that_went_away_is_an_error_that_may_pass(
    machine: InMemory | OnEngine, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeUnavailable):
        await machine.builder.code("sha256:" + "0" * 64, layer_of(HELLO, tmp_path))


async def test_sweeping_leaves_images_alone(machine: InMemory | OnEngine, tmp_path: Path) -> None:
    base = await machine.builder.base()
    image = await machine.builder.code(base.image, layer_of(HELLO, tmp_path))
    await machine.builder.sweep()
    assert await machine.builder.has(image)


async def test_the_unpacked_bundle_has_no_name_that_a_kill_could_leave(
    machine: InMemory | OnEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[Path]] = []
    base, layer = await machine.builder.base(), layer_of(HELLO, tmp_path)

    def repack(*arguments: Any) -> None:
        archive.repack(*arguments)
        seen.append(list(tmp_path.iterdir()))

    monkeypatch.setattr(docker, "repack", repack)
    await machine.builder.code(base.image, layer)
    assert all(files == [layer.files] for files in seen)


async def test_what_waits_for_code_has_its_library_and_goes_with_it(
    machine: InMemory | OnEngine, tmp_path: Path
) -> None:
    builder = machine.builder
    library = (await builder.base()).image
    image = await builder.warm(library)
    code = await builder.code(library, layer_of(HELLO, tmp_path))
    await builder.remove_libraries()

    assert await builder.warm(library) == image
    assert image not in {one.id for one in await builder.images()}
    await builder.remove(code)
    await builder.remove_libraries()
    assert not await builder.has(image)
    assert await builder.has(library)
