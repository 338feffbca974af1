"""What an instance cannot do, tried from inside real containers."""

import re
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

import anyio
import pytest
from docker import APIClient

from sandbox_server.runtime import ContainerSpec, DockerRuntime, firewall

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

MIB = 1024 * 1024


@dataclass
class Inside:
    """Two containers on one network, and commands run in the first."""

    client: APIClient
    runtime: DockerRuntime
    subnet: IPv4Network
    bridge: str
    first: ContainerSpec
    second: ContainerSpec

    async def run(self, *command: str) -> tuple[int, str]:
        return await anyio.to_thread.run_sync(self._run, self.first.name, command)

    async def serve(self) -> None:
        """Both listen on port 3838."""
        script = "echo hello >/app/index.html; httpd -p 3838 -h /app"
        for spec in (self.first, self.second):
            await anyio.to_thread.run_sync(self._run, spec.name, ("sh", "-c", script))
            with anyio.fail_after(60):
                while await self.runtime.probe(spec.name, spec.address) != 200:  # noqa: ASYNC110
                    await anyio.sleep(0.02)

    async def reaches(self, address: IPv4Address, port: int) -> bool:
        status, _ = await self.run("nc", "-w", "1", str(address), str(port), "-e", "true")
        return status == 0

    def _run(self, name: str, command: tuple[str, ...]) -> tuple[int, str]:
        made = self.client.exec_create(name, list(command))
        output = self.client.exec_start(made)
        return self.client.exec_inspect(made)["ExitCode"], output.decode(errors="replace")


@pytest.fixture
async def inside(engine_client: APIClient, small_image: str) -> AsyncIterator[Inside]:
    platform = "t" + secrets.token_hex(3)
    runtime = DockerRuntime(platform)
    try:
        subnet = await runtime.prepare()
        first, second = (
            ContainerSpec(
                name=f"sbx-{platform}-app-{k}",
                image=small_image,
                address=subnet[10 + k],
                environment={"A": "b"},
                memory=64 * MIB,
                cpus=0.5,
                spec_hash="0",
            )
            for k in (0, 1)
        )
        await runtime.start(first)
        await runtime.start(second)
        yield Inside(engine_client, runtime, subnet, f"sbx-{platform}", first, second)
    finally:
        await runtime.destroy()
        await runtime.close()


@pytest.fixture
def host_port() -> Iterator[int]:
    """A port of the host, open on all its addresses."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        yield server.getsockname()[1]


async def test_the_host_reaches_instances_and_they_do_not_reach_each_other(inside: Inside) -> None:
    await inside.serve()
    assert await inside.reaches(inside.first.address, 3838)
    assert not await inside.reaches(inside.second.address, 3838)


async def test_the_hosts_ports_are_closed_and_open_only_without_the_rule(
    inside: Inside, host_port: int
) -> None:
    gateway = inside.subnet[1]
    assert not await inside.reaches(gateway, host_port)
    await firewall.forget(inside.bridge)
    assert await inside.reaches(gateway, host_port)
    assert not (await inside.runtime.facts()).healthy
    await inside.runtime.prepare()
    assert not await inside.reaches(gateway, host_port)
    assert (await inside.runtime.facts()).healthy


async def test_preparing_twice_leaves_one_rule(inside: Inside) -> None:
    await inside.runtime.prepare()
    rules = await anyio.run_process(["iptables", "-w", "5", "-S", "INPUT"])
    assert rules.stdout.decode().count(f"-i {inside.bridge} ") == 1


async def test_link_local_addresses_are_not_passed_on(inside: Inside, small_image: str) -> None:
    for bridge in (inside.bridge, f"{inside.bridge}-b"):
        # Nobody has this address; what counts is that the rule gets what goes there, before the engine's own rules.
        assert not await _connects(inside.client, small_image, bridge, "169.254.77.77", 80)
        rules = await anyio.run_process(["iptables", "-w", "5", "-v", "-t", "raw", "-S", "PREROUTING"])
        rule = re.search(
            rf"-d 169.254.0.0/16 -i {bridge} -p tcp -m tcp ! --dport 53 -c (\d+) \d+ -j DROP",
            rules.stdout.decode(),
        )
        assert rule
        assert int(rule[1]) > 0


async def test_a_builder_does_not_reach_the_hosts_ports(
    inside: Inside, small_image: str, host_port: int
) -> None:
    network = inside.client.inspect_network(f"{inside.bridge}-b")
    gateway = network["IPAM"]["Config"][0]["Gateway"]
    await firewall.forget(f"{inside.bridge}-b")

    assert await _connects(inside.client, small_image, network["Name"], gateway, host_port)
    await inside.runtime.prepare()
    assert not await _connects(inside.client, small_image, network["Name"], gateway, host_port)


async def _connects(client: APIClient, image: str, network: str, address: str, port: int) -> bool:
    """From a container of its own in that network."""

    def run() -> bool:
        host = client.create_host_config(network_mode=network)
        command = ["nc", "-w", "1", address, str(port), "-e", "true"]
        container = client.create_container(image, command, host_config=host)["Id"]
        try:
            client.start(container)
            return bool(client.wait(container)["StatusCode"] == 0)
        finally:
            client.remove_container(container, force=True)

    return await anyio.to_thread.run_sync(run)


async def test_destroying_takes_the_rule_and_the_bridge(inside: Inside) -> None:
    await inside.runtime.destroy()
    rules = await anyio.run_process(["iptables", "-w", "5", "-S", "INPUT"])
    assert inside.bridge not in rules.stdout.decode()
    assert inside.bridge not in [name for _, name in socket.if_nameindex()]


async def test_the_app_is_a_plain_user_without_capabilities(inside: Inside) -> None:
    _, who = await inside.run("id")
    assert who.startswith("uid=1000(app) gid=1000")
    _, status = await inside.run("cat", "/proc/1/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["CapEff"].strip("0") == ""
    assert facts["CapBnd"].strip("0") == ""
    assert facts["NoNewPrivs"] == "1"
    assert facts["Seccomp"] == "2"


@pytest.mark.parametrize("folder", ["/tmp", "/app", "/home/app"])
async def test_three_folders_are_writable(inside: Inside, folder: str) -> None:
    assert (await inside.run("touch", f"{folder}/file"))[0] == 0


@pytest.mark.parametrize("folder", ["/", "/bin", "/home", "/etc", "/proc/sys/kernel", "/sys"])
async def test_everything_else_is_read_only(inside: Inside, folder: str) -> None:
    assert (await inside.run("touch", f"{folder}/file"))[0] != 0


async def test_nothing_of_the_host_is_mounted_and_no_port_published(inside: Inside) -> None:
    found = inside.client.inspect_container(inside.first.name)
    assert found["Mounts"] == []
    assert not found["NetworkSettings"]["Ports"]
    assert list(found["NetworkSettings"]["Networks"]) == [inside.bridge]


async def test_a_container_of_somebody_else_is_left_alone(inside: Inside, small_image: str) -> None:
    name = f"{inside.bridge}-foreign"
    made = inside.client.create_container(small_image, name=name, network_disabled=True)
    try:
        await inside.runtime.stop(name)
        await inside.runtime.remove(name)
        assert name not in [container.name for container in await inside.runtime.containers()]
        await inside.runtime.destroy()
        assert inside.client.inspect_container(name)["Id"] == made["Id"]
    finally:
        inside.client.remove_container(made["Id"], force=True)
