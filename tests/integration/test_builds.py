"""What only a real engine can show of builds: limits, cancelling, leftovers, and what is in the images."""

import io
import secrets
import tarfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from docker import APIClient
from tests.building import SUITE, Told, debian, files_of, layer_of, need_base, remove_all_of

from sandbox_server.builder import (
    BaseSources,
    BuildLimits,
    DockerBuilder,
    Engine,
    Extras,
    list_bases,
    make_base,
    remove_base,
)
from sandbox_server.builder.base_extras import add_extras
from sandbox_server.builder.base_image import base_tag
from sandbox_server.builder.recipe import idle
from sandbox_server.errors import BaseMissing, Conflict, NotFound, Unavailable

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

SMALL = BuildLimits(reserve=0)
ZOO = debian("r-cran-zoo")


class Machine:
    """One platform on the real engine."""

    def __init__(self) -> None:
        self.client = APIClient(version="auto")
        self.platform = "t" + secrets.token_hex(3)
        self.builders: list[DockerBuilder] = []

    def builder(self, limits: BuildLimits = SMALL, platform: str = "") -> DockerBuilder:
        self.builders.append(DockerBuilder(platform or self.platform, limits=limits))
        return self.builders[-1]

    def image(self, name: str) -> dict[str, Any]:
        found: Callable[[str], dict[str, Any]] = self.client.inspect_image
        return found(name)

    def containers(self) -> list[Any]:
        found: list[Any] = self.client.containers(
            all=True, filters={"label": f"sandbox.platform={self.platform}"}
        )
        return found

    def own_base(self) -> tuple[str, str]:
        """A tiny base of this test's own, by Id and name: the real one belongs to everybody on the machine."""
        name = f"sandbox-base:{self.platform}"
        changes = [
            "LABEL sandbox.base=1",
            "LABEL sandbox.role=base",
            f"LABEL sandbox.platform={self.platform}",
        ]
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w"):
            pass
        self.client.import_image_from_data(buffer.getvalue(), "sandbox-base", self.platform, changes=changes)
        return self.image(name)["Id"], name

    async def close(self) -> None:
        for builder in self.builders:
            await builder.close()
        remove_all_of(self.client, self.platform)
        self.client.close()


class Signal(Told):
    """Sets an event at the first line that has these words."""

    def __init__(self, event: anyio.Event, words: str) -> None:
        super().__init__()
        self._event, self._words = event, words

    def line(self, text: str) -> None:
        if self._words in text:
            self._event.set()


@pytest.fixture
async def machine(anyio_backend: str) -> AsyncIterator[Machine]:
    await need_base()
    made = Machine()
    try:
        yield made
    finally:
        await made.close()


async def test_a_larger_library_starts_from_the_largest_that_it_contains(machine: Machine) -> None:
    builder, told = machine.builder(), Told()
    base = await builder.base()
    await builder.library(base, ZOO, Told())
    larger = await builder.library(base, debian("r-cran-zoo", "r-cran-xtable"), told)
    labels = machine.image(larger)["Config"]["Labels"]
    assert labels["sandbox.library.depth"] == "2"
    assert labels["sandbox.library.items"] == "deb:r-cran-xtable,deb:r-cran-zoo"
    assert told.lines[0].startswith("installing 1 of 2 packages")
    assert not any("Unpacking r-cran-zoo" in line for line in told.lines)


async def test_a_library_inherits_nothing_but_the_bases_environment(machine: Machine) -> None:
    builder = machine.builder()
    base = await builder.base()
    library = machine.image(await builder.library(base, ZOO, Told()))
    assert library["Config"]["Env"] == machine.image(base.image)["Config"]["Env"]
    assert library["Config"]["Labels"]["sandbox.role"] == "library"
    assert machine.containers() == []


async def test_an_image_says_whose_it_is_and_how_it_starts(machine: Machine, tmp_path: Path) -> None:
    builder = machine.builder()
    base = await builder.base()
    layer = layer_of(files_of("hello"), tmp_path)
    config = machine.image(await builder.code(base.image, layer))["Config"]
    assert config["Labels"]["sandbox.platform"] == machine.platform
    assert config["Labels"]["sandbox.role"] == "code"
    assert config["Labels"]["sandbox.bundle"] == layer.digest
    assert config["User"] == "1000:1000"
    assert config["Cmd"][-1] == "--file=/opt/sandbox/runner/main.R"
    assert machine.containers() == []


async def test_images_of_another_platform_are_not_touched(machine: Machine, tmp_path: Path) -> None:
    ours, theirs = machine.builder(), machine.builder(platform="x" + secrets.token_hex(3))
    base = await ours.base()
    image = await ours.code(base.image, layer_of(files_of("hello"), tmp_path))
    await theirs.remove(image)
    assert await theirs.images() == []
    assert await ours.has(image)


async def test_a_cancelled_build_ends_its_container(machine: Machine) -> None:
    builder = machine.builder()
    base = await builder.base()
    running = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(builder.library, base, ZOO, Signal(running, "Get:"))
        await running.wait()
        tasks.cancel_scope.cancel()
    assert machine.containers() == []
    assert await builder.library(base, ZOO, Told())


async def test_what_a_killed_process_left_is_swept_away(machine: Machine) -> None:
    builder = machine.builder()
    base = await builder.base()
    for image in (base.image, base.image):
        machine.client.create_container_from_config(idle(machine.platform, image))  # type: ignore[no-untyped-call]
    await builder.sweep()
    assert machine.containers() == []


async def test_a_base_in_use_is_not_removed(machine: Machine, tmp_path: Path) -> None:
    builder, engine = machine.builder(), Engine()
    own, name = machine.own_base()
    image = await builder.code(own, layer_of(files_of("hello"), tmp_path))
    assert (own, name) in {(base.id, base.tag) for base in await list_bases(engine)}
    with pytest.raises(Conflict):
        await remove_base(engine, name)
    assert await builder.has(name)
    await builder.remove(image)
    await remove_base(engine, name)
    assert not await builder.has(own)
    with pytest.raises(NotFound):
        await remove_base(engine, name)
    await engine.close()


async def test_an_image_with_r_that_others_made_becomes_a_base(machine: Machine) -> None:
    engine, version, told = Engine(), machine.platform, Told()
    name = f"sandbox-test-r:{version}"
    machine.client.tag(base_tag(SUITE), "sandbox-test-r", version)
    sources = BaseSources(images="sandbox-test-r:{version}", cran="https://cran.example")
    try:
        image = await sources.make(engine, version, told)
        assert f"sandbox-base:r-{version}" in {base.tag for base in await list_bases(engine)}
        builder = DockerBuilder(machine.platform, base=image)
        assert "shiny" in (await builder.base()).installed
        await builder.close()
    finally:
        await remove_base(engine, f"sandbox-base:r-{version}")
        machine.client.remove_image(name)
        await engine.close()


async def test_a_registry_that_is_away_is_said_so(machine: Machine) -> None:
    engine, told = Engine(), Told()
    sources = BaseSources(images="127.0.0.1:9/r:{version}")
    with pytest.raises(
        BaseMissing, match=r"No base could be made of the image 127.0.0.1:9/r:3\.1: .*refused"
    ):
        await sources.make(engine, "3.1", told)
    assert told.steps == ["pulling 127.0.0.1:9/r:3.1"]
    await engine.close()


async def test_overlay_and_certificates_become_part_of_a_base(machine: Machine, tmp_path: Path) -> None:
    settings = tmp_path / "etc" / "krb5.conf"
    settings.parent.mkdir(mode=0o700)
    settings.write_text("[realms]")
    engine = Engine()
    image = await add_extras(engine, base_tag(SUITE), Extras(overlay=tmp_path))
    try:
        builder = DockerBuilder(machine.platform, base=image)
        base = await builder.base()
        assert base.installed == (await machine.builder().base()).installed
        container = machine.client.create_container_from_config(idle(machine.platform, image))["Id"]  # type: ignore[no-untyped-call]
        chunks, _ = machine.client.get_archive(container, "/etc/krb5.conf")
        assert b"[realms]" in b"".join(chunks)
        chunks, folder = machine.client.get_archive(container, "/etc")
        assert b"krb5" in b"".join(chunks)
        assert folder["mode"] & 0o777 == 0o755
        machine.client.remove_container(container)
        await builder.close()
    finally:
        machine.client.remove_image(image)
        await engine.close()


async def test_a_base_that_cannot_be_made_leaves_nothing(machine: Machine, tmp_path: Path) -> None:
    engine = Engine()
    before = [base.id for base in await list_bases(engine)]
    with pytest.raises(Unavailable) as failure:
        await make_base(engine, "trixie", "http://127.0.0.1:9/debian", tmp_path, print)
    assert failure.value.detail
    assert [base.id for base in await list_bases(engine)] == before
    assert [path async for path in anyio.Path(tmp_path).iterdir()] == []
    await engine.close()
