"""What the engine is asked for, as values: builder containers, and the images that they become."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sandbox_server.builder.base import Base, CodeLayer
from sandbox_server.errors import BuildFailed

PLATFORM = "sandbox.platform"
ROLE = "sandbox.role"
KEY = "sandbox.key"
BASE = "sandbox.library.base"
PACKAGES = "sandbox.library.packages"
DEPTH = "sandbox.library.depth"
BUNDLE = "sandbox.bundle"
LIBRARY = "sandbox.library"

OURS = "opt/sandbox"
APP = f"{OURS}/app"
COMMAND = [
    "R",
    "--no-echo",
    "--no-restore",
    "--no-save",
    "--no-environ",
    "--no-init-file",
    f"--file=/{OURS}/runner.R",
]
USER = "1000:1000"

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,127}")
_GIB = 1024**3


@dataclass(frozen=True)
class BuildLimits:
    """Bytes, processors, processes, seconds."""

    memory: int = 2 * _GIB
    cpus: float = 2
    pids: int = 512
    timeout: float = 1800
    layer: int = 8 * _GIB
    """What an installation may write."""
    log: int = 16 * 1024**2
    reserve: int = 1 * _GIB
    """Free disk below which an installation is ended."""


Labels = dict[str, str]


def repository(platform: str) -> str:
    return f"sandbox-{platform}"


def library_key(base: str, packages: Iterable[str]) -> str:
    return _hash(base, *sorted(packages))


def library_labels(platform: str, base: Base, packages: frozenset[str], depth: int) -> Labels:
    return {
        PLATFORM: platform,
        ROLE: "library",
        KEY: library_key(base.image, packages),
        BASE: base.image,
        PACKAGES: ",".join(sorted(packages)),
        DEPTH: str(depth),
    }


def code_labels(platform: str, library: str, layer: CodeLayer) -> Labels:
    return {
        **layer.labels,
        PLATFORM: platform,
        ROLE: "code",
        KEY: _hash(library, layer.digest, read("runner.R"), *COMMAND),
        BUNDLE: layer.digest,
        LIBRARY: library,
    }


def code_config(labels: Mapping[str, str]) -> dict[str, Any]:
    """An instance is started from this without a command, so that whoever starts it can pass none."""
    return {
        "Cmd": COMMAND,
        "User": USER,
        "WorkingDir": "/",
        "Env": ["HOME=/home/app"],
        "Labels": dict(labels),
        "ExposedPorts": {"3838/tcp": {}},
    }


def installer(platform: str, image: str, packages: Iterable[str], limits: BuildLimits) -> dict[str, Any]:
    """The container in which Debian's packages are installed, as root with no more rights than apt needs."""
    return {
        **idle(platform, image),
        "Cmd": ["/bin/sh", f"/{OURS}/install.sh", *_checked(packages)],
        "HostConfig": {
            "NetworkMode": "bridge",
            "CapDrop": ["ALL"],
            "CapAdd": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID"],
            "SecurityOpt": ["no-new-privileges"],
            "Memory": limits.memory,
            "MemorySwap": limits.memory,
            "NanoCpus": int(limits.cpus * 1e9),
            "PidsLimit": limits.pids,
            "Init": True,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "16m", "max-file": "1"}},
        },
    }


def idle(platform: str, image: str) -> dict[str, Any]:
    """A container that is never started: files are put into it or taken out."""
    return {
        "Image": image,
        "Cmd": ["true"],
        "User": "0:0",
        "Labels": {PLATFORM: platform, ROLE: "builder"},
        "NetworkDisabled": False,
        "HostConfig": {"NetworkMode": "none"},
    }


def read(name: str) -> str:
    return (files("sandbox_templates") / "images" / name).read_text("utf-8")


def _checked(packages: Iterable[str]) -> list[str]:
    for package in packages:
        if not _PACKAGE.fullmatch(package):
            raise BuildFailed(f"{package!r} is not the name of a Debian package.")
    return sorted(packages)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
