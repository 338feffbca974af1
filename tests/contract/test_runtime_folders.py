"""Folders in and out of instances, over the real engine and the one in memory."""

import sys
from asyncio import CancelledError, create_task
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import IPv4Network
from types import FrameType

import anyio
import pytest
from tests.contract.runtime_hosts import Host, OnEngine, archive_of, files_of, said

from sandbox_server.errors import RuntimeUnavailable
from sandbox_server.runtime import ContainerSpec, docker

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
FOLDER = "/app/.made"


async def test_a_folder_is_taken_and_given_to_another_instance(
    host: Host, spec: ContainerSpec, subnet: IPv4Network
) -> None:
    other = replace(spec, name=spec.name + "1", address=subnet[11])
    await host.runtime.start(spec)
    await host.runtime.start(other)
    files = {"index.html": "grüezi", "ä.txt": "x" * 1000}
    await host.write(spec.name, FOLDER, files)
    with anyio.fail_after(60):
        while True:
            try:
                archive = await whole(host.runtime.take(spec.name, FOLDER))
            except RuntimeUnavailable:
                archive = b""
            if files_of(archive) == files:
                break
    assert await host.read(other.name, FOLDER) == {}
    for _ in range(2):
        await host.runtime.give(other.name, FOLDER, parted(archive))
        assert await host.read(other.name, FOLDER) == files


async def test_a_large_folder_comes_through_whole(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(replace(spec, memory=128 * MIB))
    text = "".join(f"{number:09}\n" for number in range(1_500_000))
    await host.runtime.give(spec.name, FOLDER, parted(archive_of(FOLDER, {"large.txt": text})))
    assert files_of(await whole(host.runtime.take(spec.name, FOLDER))) == {"large.txt": text}


async def test_what_does_not_run_neither_gives_nor_takes(host: Host, spec: ContainerSpec) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeUnavailable):
            await whole(host.runtime.take(spec.name, FOLDER))
        with pytest.raises(RuntimeUnavailable):
            await host.runtime.give(spec.name, FOLDER, parted(archive_of(FOLDER, {"a": "b"})))
        await host.runtime.start(spec)
        await host.runtime.stop(spec.name, 0)


async def test_a_folder_that_is_not_there_cannot_be_taken(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(spec)
    with pytest.raises(RuntimeUnavailable):
        await whole(host.runtime.take(spec.name, FOLDER))


async def test_a_reader_may_stop_taking_at_any_time(host: Host, spec: ContainerSpec) -> None:
    await host.runtime.start(replace(spec, memory=128 * MIB))
    text = "x" * 10_000_000
    await host.runtime.give(spec.name, FOLDER, parted(archive_of(FOLDER, {"large.txt": text})))
    chunks = host.runtime.take(spec.name, FOLDER)
    assert await anext(chunks)
    await chunks.aclose()
    assert files_of(await whole(host.runtime.take(spec.name, FOLDER))) == {"large.txt": text}


@pytest.mark.engine
@pytest.mark.parametrize("host", ["docker"], indirect=True)
async def test_an_app_that_holds_up_the_taking_is_left_and_no_thread_stays(
    host: Host, spec: ContainerSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = await held_up(host, spec)
    monkeypatch.setattr(docker, "TAKE_PATIENCE", 0.5)
    with anyio.fail_after(60), pytest.raises(TimeoutError):
        await whole(chunks)
    await nobody_reads()


@pytest.mark.engine
@pytest.mark.parametrize("host", ["docker"], indirect=True)
async def test_taking_that_is_held_up_may_be_cancelled(host: Host, spec: ContainerSpec) -> None:
    chunks = await held_up(host, spec)
    taking = create_task(whole(chunks))
    with anyio.move_on_after(0.5):
        await anyio.sleep_forever()
    taking.cancel()
    with anyio.fail_after(60), pytest.raises(CancelledError):
        await taking
    await nobody_reads()
    assert await host.runtime.memory(spec.name)


async def held_up(host: Host, spec: ContainerSpec) -> AsyncIterator[bytes]:
    """The rest of a folder whose app stopped the `tar` that hands it out."""
    assert isinstance(host, OnEngine)
    await host.runtime.start(replace(spec, memory=128 * MIB))
    await host.runtime.give(spec.name, FOLDER, parted(archive_of(FOLDER, {"large.txt": "x" * 20_000_000})))
    chunks = host.runtime.take(spec.name, FOLDER)
    assert await anext(chunks)
    find = '[ "$(cat $one/comm)" = tar ] && kill -STOP ${one#/proc/} && echo stopped'
    await host.do(spec.name, f"for one in /proc/[0-9]*; do {find}; done")
    await said(host, spec.name, 1)
    return chunks


async def nobody_reads() -> None:
    with anyio.fail_after(60):
        while any(  # noqa: ASYNC110
            frame.f_code.co_filename.endswith("runtime/folders.py") for frame in all_frames()
        ):
            await anyio.sleep(0.02)


def all_frames() -> list[FrameType]:
    """Every frame of every thread."""
    found = []
    for frame in sys._current_frames().values():
        at: FrameType | None = frame
        while at is not None:
            found.append(at)
            at = at.f_back
    return found


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def parted(archive: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(archive), 100_000):
        yield archive[start : start + 100_000]
