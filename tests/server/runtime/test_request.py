"""The requests to the engine, as values."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from sandbox_server.runtime.base import ContainerSpec
from sandbox_server.runtime.request import builders_network, create_request, network_name, network_request

MIB = 1024 * 1024
SPEC = ContainerSpec(
    name="sbx-abc123-sales-d42-release-0a1b2c3d-0",
    image="sha256:" + "1" * 64,
    address=IPv4Address("10.231.0.17"),
    environment={"SANDBOX_APP": "sales", "TOKEN": "a=b c"},
    memory=1024 * MIB,
    cpus=1.5,
    spec_hash="0a1b2c3d",
    labels={"sandbox.deployment": "d42", "sandbox.role": "builder"},
)


def test_the_whole_request() -> None:
    common = "rw,exec,nosuid,nodev,uid=1000,gid=1000"
    assert create_request(SPEC, "abc123") == {
        "Image": SPEC.image,
        "Hostname": "sandbox",
        "User": "1000:1000",
        "Env": ["SANDBOX_APP=sales", "TOKEN=a=b c"],
        "Labels": {
            "sandbox.deployment": "d42",
            "sandbox.platform": "abc123",
            "sandbox.role": "instance",
            "sandbox.spec": "0a1b2c3d",
            "sandbox.address": "10.231.0.17",
        },
        "Healthcheck": {"Test": ["NONE"]},
        "StopSignal": "SIGTERM",
        "OpenStdin": False,
        "StdinOnce": False,
        "HostConfig": {
            "NetworkMode": "sbx-abc123",
            "Privileged": False,
            "ReadonlyRootfs": True,
            "Tmpfs": {
                "/tmp": f"{common},mode=1777,size={256 * MIB}",
                "/app": f"{common},mode=0755,size={512 * MIB}",
                "/home/app": f"{common},mode=0700,size={128 * MIB}",
            },
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": 512,
            "Memory": 1024 * MIB,
            "MemorySwap": 1024 * MIB,
            "CpuShares": 1024,
            "NanoCpus": 1_500_000_000,
            "Init": True,
            "IpcMode": "private",
            "PublishAllPorts": False,
            "RestartPolicy": {"Name": "no"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "5m", "max-file": "2"}},
        },
        "NetworkingConfig": {
            "EndpointsConfig": {"sbx-abc123": {"IPAMConfig": {"IPv4Address": "10.231.0.17"}}}
        },
    }


@pytest.mark.parametrize(
    "change",
    [
        {"memory": 0},
        {"memory": -1},
        {"cpus": 0},
        {"environment": {"": "secret"}},
        {"environment": {"A=B": "secret"}},
        {"environment": {"A": "sec\0ret"}},
    ],
)
def test_what_would_lift_a_limit_is_refused_without_quoting_a_value(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"needs|variable") as refusal:
        create_request(replace(SPEC, **change), "abc123")
    assert "secret" not in str(refusal.value)


def test_a_spec_does_not_show_its_variables() -> None:
    assert "a=b c" not in repr(SPEC)


def test_the_network_keeps_instances_apart() -> None:
    request = network_request("abc123", IPv4Network("10.231.4.0/22"), "sbx-abc123")
    assert request["options"] == {
        "com.docker.network.bridge.name": "sbx-abc123",
        "com.docker.network.bridge.enable_icc": "false",
    }
    assert request["ipam"]["Config"] == [{"Subnet": "10.231.4.0/22", "Gateway": "10.231.4.1"}]
    assert request["labels"] == {"sandbox.platform": "abc123"}


@pytest.mark.parametrize("platform", ["", "Abc", "a-b", "a" * 12, "a b", "../x"])
def test_a_platform_id_that_makes_no_bridge_is_refused(platform: str) -> None:
    with pytest.raises(ValueError, match="platform"):
        network_name(platform)


def test_the_longest_platform_id_makes_a_bridge_name_of_fifteen() -> None:
    assert len(builders_network("a" * 9)) == 15


def test_a_volume_is_the_only_mount_and_carries_our_labels() -> None:
    host = create_request(replace(SPEC, volume="sbx-abc123-bookmarks-7-release"), "abc123")["HostConfig"]
    labels = {"sandbox.platform": "abc123", "sandbox.role": "bookmarks"}
    assert host.pop("Mounts") == [
        {
            "Type": "volume",
            "Source": "sbx-abc123-bookmarks-7-release",
            "Target": "/opt/sandbox/bookmarks",
            "VolumeOptions": {"Labels": labels},
        }
    ]
    assert host == create_request(SPEC, "abc123")["HostConfig"]


@pytest.mark.parametrize("name", ["sbx-other-bookmarks-7-release", "/etc", "data"])
def test_a_volume_that_is_not_the_platforms_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="volume"):
        create_request(replace(SPEC, volume=name), "abc123")
