"""What the engine is asked for, as values: an allow-list, nothing else reaches the engine."""

import re
from ipaddress import IPv4Network
from typing import Any

from sandbox_server.runtime.base import ContainerSpec

PLATFORM_LABEL = "sandbox.platform"
ROLE_LABEL = "sandbox.role"
SPEC_LABEL = "sandbox.spec"
ADDRESS_LABEL = "sandbox.address"
INSTANCE_ROLE = "instance"
BOOKMARKS_ROLE = "bookmarks"
BOOKMARKS = "/opt/sandbox/bookmarks"
"""Where the runner keeps them. The image has the folder, and the engine gives its owner to a new volume."""

Request = dict[str, Any]

_MIB = 1024 * 1024
_SMALLEST_MEMORY = 16 * _MIB
_VARIABLE = re.compile(r"[^=\0]+")
_PLATFORM = re.compile(r"[a-z0-9]{1,9}")
USER = 1000
SHARES = 1024
"""Of the processors, when all are busy: what the engine gives to a container that asks for nothing."""
_WAITING_SHARES = 128


def network_name(platform: str) -> str:
    """The name of the instances' network, and of its bridge, for which the kernel allows 15 characters."""
    if not _PLATFORM.fullmatch(platform):
        raise ValueError("a platform's id has 1 to 9 small letters and digits")
    return f"sbx-{platform}"


def builders_network(platform: str) -> str:
    """The name of the network in which packages are installed, and of its bridge."""
    return f"{network_name(platform)}-b"


def network_request(platform: str, subnet: IPv4Network, name: str) -> Request:
    """Arguments for a network: its containers reach out, but neither each other nor (with the firewall) the host."""
    return {
        "name": name,
        "driver": "bridge",
        "check_duplicate": True,
        "internal": False,
        "enable_ipv6": False,
        "ipam": {"Driver": "default", "Config": [{"Subnet": str(subnet), "Gateway": str(subnet[1])}]},
        "options": {
            "com.docker.network.bridge.name": name,
            "com.docker.network.bridge.enable_icc": "false",
        },
        "labels": {PLATFORM_LABEL: platform},
    }


def create_request(spec: ContainerSpec, platform: str) -> Request:
    """The body that creates `spec`'s container. Raises `ValueError` for what would lift a limit."""
    _refuse_the_limitless(spec, platform)
    return {
        "Image": spec.image,
        "Hostname": "sandbox",
        "User": f"{USER}:{USER}",
        "Env": [f"{name}={value}" for name, value in spec.environment.items()],
        "Labels": _labels(spec, platform),
        "Healthcheck": {"Test": ["NONE"]},
        "StopSignal": "SIGTERM",
        "OpenStdin": spec.waits is not None,
        "StdinOnce": spec.waits is not None,
        "HostConfig": _host(spec, platform),
        "NetworkingConfig": {
            "EndpointsConfig": {network_name(platform): {"IPAMConfig": {"IPv4Address": str(spec.address)}}}
        },
    }


def _refuse_the_limitless(spec: ContainerSpec, platform: str) -> None:
    if min(spec.memory, spec.waits or spec.memory) < _SMALLEST_MEMORY:
        raise ValueError(f"an instance needs {_SMALLEST_MEMORY // _MIB} MiB at least")
    if spec.cpus < 0.01:
        raise ValueError("an instance needs a hundredth of a CPU at least")
    if spec.volume and not spec.volume.startswith(f"sbx-{platform}-"):
        raise ValueError("the volume is not this platform's")
    for name, value in spec.environment.items():
        # The engine's own refusal would quote the value.
        if not _VARIABLE.fullmatch(name) or "\0" in value:
            raise ValueError("a variable's name is empty or has = in it, or a NUL is in its value")


def _labels(spec: ContainerSpec, platform: str) -> dict[str, str]:
    return {
        **spec.labels,
        PLATFORM_LABEL: platform,
        ROLE_LABEL: INSTANCE_ROLE,
        SPEC_LABEL: spec.spec_hash,
        ADDRESS_LABEL: str(spec.address),
    }


def _host(spec: ContainerSpec, platform: str) -> Request:
    return {
        "NetworkMode": network_name(platform),
        "Privileged": False,
        "ReadonlyRootfs": True,
        "Tmpfs": _tmpfs(spec.memory),
        **_mounts(spec, platform),
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "PidsLimit": 512,
        "Memory": spec.waits or spec.memory,
        "MemorySwap": spec.waits or spec.memory,
        "CpuShares": SHARES if spec.waits is None else _WAITING_SHARES,
        "NanoCpus": round(spec.cpus * 1e9),
        "Init": True,
        "IpcMode": "private",
        "PublishAllPorts": False,
        "RestartPolicy": {"Name": "no"},
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "5m", "max-file": "2"}},
    }


def _mounts(spec: ContainerSpec, platform: str) -> Request:
    if not spec.volume:
        return {}
    labels = {PLATFORM_LABEL: platform, ROLE_LABEL: BOOKMARKS_ROLE}
    mount = {
        "Type": "volume",
        "Source": spec.volume,
        "Target": BOOKMARKS,
        "VolumeOptions": {"Labels": labels},
    }
    return {"Mounts": [mount]}


def _tmpfs(memory: int) -> dict[str, str]:
    """Files here count against the memory limit: together they leave an eighth of it.

    `exec`, since R compiles into its temporary folder and loads the result. All belong to the user, also
    /tmp: where the image has the folder, its mode wins over the one given here.
    """
    common = f"rw,exec,nosuid,nodev,uid={USER},gid={USER}"
    return {
        "/tmp": f"{common},mode=1777,size={memory // 4}",  # noqa: S108 the app's, not ours
        "/app": f"{common},mode=0755,size={memory // 2}",
        "/home/app": f"{common},mode=0700,size={memory // 8}",
    }
