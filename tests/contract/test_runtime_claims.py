"""Containers that wait to be claimed, over the real engine and the one in memory."""

from dataclasses import replace
from typing import Any

import anyio
import pytest
from docker import APIClient
from tests.contract.runtime_hosts import Host, OnEngine

from sandbox_server.errors import RuntimeUnavailable
from sandbox_server.runtime import ContainerSpec, ContainerState

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
CODE = b"all that the app is" * 20_000
"""More than fits into a pipe."""


@pytest.fixture
def waiting(spec: ContainerSpec) -> ContainerSpec:
    return replace(
        spec, name=spec.name.replace("-app-", "-warm-"), environment={}, spec_hash="0" * 8, waits=32 * MIB
    )


async def test_it_waits_once_it_listens(host: Host, waiting: ContainerSpec) -> None:
    assert not await host.runtime.waits(waiting.name, waiting.address)
    await host.runtime.start(waiting)
    await host.load(waiting.name)
    assert not await host.runtime.waits(waiting.name, waiting.address)


async def test_a_claim_gives_it_its_name_and_its_code(
    host: Host, spec: ContainerSpec, waiting: ContainerSpec
) -> None:
    await host.runtime.start(waiting)
    await host.load(waiting.name)

    await host.runtime.claim(waiting.name, spec, CODE)

    [container] = await host.runtime.containers()
    assert (container.name, container.state) == (spec.name, ContainerState.running)
    assert container.address == spec.address
    assert container.spec_hash == waiting.spec_hash
    assert await host.got(spec.name) == CODE


async def test_a_cold_start_replaces_what_was_claimed(
    host: Host, spec: ContainerSpec, waiting: ContainerSpec
) -> None:
    await host.runtime.start(waiting)
    await host.runtime.claim(waiting.name, spec, b"")
    await host.runtime.start(spec)
    [container] = await host.runtime.containers()
    assert container.spec_hash == spec.spec_hash
    assert container.state is ContainerState.running


async def test_only_what_waits_can_be_claimed(host: Host, spec: ContainerSpec) -> None:
    other = replace(spec, name=f"{spec.name}-other")
    with pytest.raises(RuntimeUnavailable):
        await host.runtime.claim(spec.name, other, b"")
    await host.runtime.start(spec)
    with pytest.raises(RuntimeUnavailable):
        await host.runtime.claim(spec.name, other, b"")
    [container] = await host.runtime.containers()
    assert container.name == spec.name


async def test_a_name_that_is_taken_is_not_claimed(
    host: Host, spec: ContainerSpec, waiting: ContainerSpec
) -> None:
    await host.runtime.start(replace(spec, address=spec.address + 1))
    await host.runtime.start(waiting)
    with pytest.raises(RuntimeUnavailable):
        await host.runtime.claim(waiting.name, spec, b"")
    assert len(await host.runtime.containers()) == 2


@pytest.mark.engine
async def test_what_was_claimed_is_as_confined_as_what_was_started(
    engine_client: APIClient, small_image: str
) -> None:
    host = OnEngine(engine_client, small_image)
    try:
        subnet = await host.runtime.prepare()
        spec = ContainerSpec(
            name=f"sbx-{host.platform}-app", image=small_image, address=subnet[10],
            environment={"SECRET": "of the app"}, memory=64 * MIB, cpus=0.5, spec_hash="abc",
        )  # fmt: skip
        waiting = replace(
            spec, name=f"sbx-{host.platform}-warm", address=subnet[11], environment={}, waits=32 * MIB
        )
        await host.runtime.start(spec)
        await host.runtime.start(waiting)
        assert (await _inside(host, waiting.name))["memory"] == 32 * MIB
        await host.runtime.claim(waiting.name, replace(spec, name=f"{spec.name}-2"), b"of the app")

        started, claimed = (engine_client.inspect_container(name) for name in (spec.name, f"{spec.name}-2"))
        assert claimed["HostConfig"] == started["HostConfig"]
        usual = {"Env", "Labels", "OpenStdin", "StdinOnce"}
        assert {key for key in claimed["Config"] if claimed["Config"][key] != started["Config"][key]} <= usual
        assert "of the app" not in str(claimed)
        assert await _inside(host, f"{spec.name}-2") == await _inside(host, spec.name)
    finally:
        await host.runtime.destroy()
        await host.runtime.close()


async def _inside(host: OnEngine, name: str) -> dict[str, Any]:
    """What the kernel says of a process in it."""
    script = """
        for file in /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; do
            if [ -f $file ]; then cat $file; fi
        done
        while read key value; do case $key in Cap*|NoNewPrivs:|Seccomp:|Uid:) echo $key $value;; esac; done <$1
        awk '$3 == "tmpfs" { print $2, $4 } $2 == "/" { print substr($4, 1, 3) }' </proc/mounts
    """

    def work() -> str:
        words = ["sh", "-c", script, "sh", "/proc/1/status"]
        command = host.client.exec_create(name, words, user="1000:1000")
        return str(host.client.exec_start(command).decode())

    memory, *rest = (await anyio.to_thread.run_sync(work)).splitlines()
    assert any("size=" in line for line in rest)
    return {"memory": int(memory), "rest": sorted(rest)}
