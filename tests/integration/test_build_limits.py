"""Packages that mean harm, or know no measure: each ends within its limit, and a good build beside them does not."""

import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from docker import APIClient
from tests.building import Told, need_base, remove_all_of
from tests.r_packages import compiled, r_package

from sandbox_server.builder import BuildLimits, DockerBuilder, Library, SourcePackage
from sandbox_server.errors import BuildFailed, StorageFull

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

MIB = 1024**2
GRACE = 120
"""Seconds, of a hundred thousand: on a slow machine even ending something takes a while."""


class Begun(Told):
    """Knows when the build began, and then when the package's installation did."""

    def __init__(self) -> None:
        super().__init__()
        self.at = time.monotonic()

    def step(self, words: str) -> None:
        if words.startswith("installing"):
            self.at = time.monotonic()


@dataclass(frozen=True)
class Case:
    script: str
    limits: BuildLimits
    words: str


CASES = {
    "memory": Case("tail /dev/zero", BuildLimits(memory=300 * MIB, reserve=0), "more than 300 MiB of memory"),
    "processes": Case(
        "perl -e 'while (1) { fork }'",
        BuildLimits(pids=64, cpus=0.5, reserve=0),
        "more processes",
    ),
    "log": Case("yes again and again", BuildLimits(log=4 * MIB, reserve=0), "printed more than 4 MiB"),
    "disk": Case(
        "dd if=/dev/zero of=/tmp/full bs=1M", BuildLimits(layer=100 * MIB, reserve=0), "wrote more than"
    ),
    "time": Case("sleep 100000", BuildLimits(timeout=20, reserve=0), "longer than 20 seconds"),
    "reserve": Case("sleep 100000", BuildLimits(reserve=2**60), "disk became nearly full"),
}


@pytest.fixture
async def platform(anyio_backend: str) -> AsyncIterator[str]:
    await need_base()
    client = APIClient(version="auto")
    name = "t" + secrets.token_hex(3)
    try:
        yield name
        left = client.containers(all=True, filters={"label": f"sandbox.platform={name}"})
        assert left == []
    finally:
        remove_all_of(client, name)
        client.close()


async def test_what_knows_no_measure_ends_and_a_good_build_goes_on(platform: str, tmp_path: Path) -> None:
    endings: dict[str, str] = {}
    took: dict[str, float] = {}
    two_at_once = anyio.CapacityLimiter(2)

    async def harm(name: str, case: Case) -> None:
        package = r_package(tmp_path, name, files={"configure": f"#!/bin/sh\n{case.script}\n"})
        async with two_at_once:
            begun = Begun()
            with pytest.raises((BuildFailed, StorageFull)) as failure:
                await _library(platform, case.limits, package, begun)
            endings[name], took[name] = str(failure.value), time.monotonic() - begun.at

    async with anyio.create_task_group() as tasks:
        for name, case in CASES.items():
            tasks.start_soon(harm, name, case)
        assert await _library(platform, BuildLimits(reserve=0), compiled(tmp_path, "good"))
    assert {name for name, case in CASES.items() if case.words not in endings[name]} == set(), endings
    # The disk is looked at before the package's turn comes.
    assert {name for name in CASES if f"ackage {name} 1.0" not in endings[name]} <= {"reserve"}, endings
    limits = {name: (case.limits.timeout if name == "time" else 0) + GRACE for name, case in CASES.items()}
    assert {name: seconds for name, seconds in took.items() if seconds > limits[name]} == {}


async def _library(
    platform: str, limits: BuildLimits, package: SourcePackage, told: Told | None = None
) -> str:
    builder = DockerBuilder(platform, limits=limits)
    try:
        return await builder.library(await builder.base(), Library(sources=(package,)), told or Told())
    finally:
        await builder.close()
