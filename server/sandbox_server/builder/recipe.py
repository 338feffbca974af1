"""What the engine is asked for, as values: builder containers, and the images that they become."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sandbox_server.builder.base import Base, CodeLayer, Library
from sandbox_server.errors import BuildFailed

PLATFORM = "sandbox.platform"
ROLE = "sandbox.role"
BASE_BUILDER = "base-builder"
"""The role of containers in which a base is made: they are of no platform."""
WARM = "warm"
"""The role, and what is started, of an image without a bundle."""
KEY = "sandbox.key"
BASE = "sandbox.library.base"
ITEMS = "sandbox.library.items"
DEPTH = "sandbox.library.depth"
BUNDLE = "sandbox.bundle"
LIBRARY = "sandbox.library"

OURS = "opt/sandbox"
APP = f"{OURS}/app"
WORK = f"{OURS}/build"
"""In a builder container only: gone before the library is an image."""
COMMAND = [
    "R",
    "--no-echo",
    "--no-restore",
    "--no-save",
    "--no-environ",
    "--no-init-file",
    f"--file=/{OURS}/runner/main.R",
]
USER = "1000:1000"
OWNED = {f"{OURS}/bookmarks": 1000}
"""A folder that a volume may cover, which then belongs to the app's user as well."""

_PACKAGE = re.compile(r"[a-z0-9]([a-z0-9.+-]{0,126}[a-z0-9.+])?")
"""apt would take a name with a dash at its end for one to remove."""
_R_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,127}")
_R_VERSION = re.compile(r"[0-9]+([.-][0-9]+){0,15}")
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
    cache: int = 20 * _GIB
    """Of the package cache."""


BASE_LIMITS = BuildLimits(reserve=0)
"""Of a container in which a base is made."""

Labels = dict[str, str]


def repository(platform: str) -> str:
    return f"sandbox-{platform}"


def library_key(base: str, library: Library) -> str:
    return _hash(base, *sorted(library.items))


def library_labels(platform: str, base: Base, library: Library, depth: int) -> Labels:
    return {
        PLATFORM: platform,
        ROLE: "library",
        KEY: library_key(base.image, library),
        BASE: base.image,
        ITEMS: ",".join(sorted(library.items)),
        DEPTH: str(depth),
    }


def code_labels(platform: str, library: str, layer: CodeLayer) -> Labels:
    return {
        **layer.labels,
        PLATFORM: platform,
        ROLE: "code",
        KEY: _hash(library, layer.digest, *(text.decode() for text in starting(layer).values()), *COMMAND),
        BUNDLE: layer.digest,
        LIBRARY: library,
    }


def warm_labels(platform: str, library: str) -> Labels:
    return {
        PLATFORM: platform,
        ROLE: WARM,
        KEY: _hash(library, *(text.decode() for text in waiting().values()), *COMMAND),
        LIBRARY: library,
    }


def starting(layer: CodeLayer) -> dict[str, bytes]:
    """Our own files beside a bundle, by their path from the root: the runner, and what it starts."""
    return _ours(layer.start)


def waiting() -> dict[str, bytes]:
    """The same for a container without a bundle, which waits for one."""
    return _ours({"kind": WARM})


def _ours(said: Mapping[str, str]) -> dict[str, bytes]:
    folder = files("sandbox_templates") / "images" / "runner"
    runner = sorted(
        (file.name, file.read_bytes()) for file in folder.iterdir() if file.name.endswith((".R", ".js"))
    )
    start = json.dumps(dict(said), ensure_ascii=False, sort_keys=True)
    return {f"{OURS}/runner/{name}": text for name, text in runner} | {f"{OURS}/start.json": start.encode()}


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


def installer(platform: str, image: str, limits: BuildLimits, network: str = "bridge") -> dict[str, Any]:
    """The container in which a library is installed: root with no more rights than apt needs."""
    return {
        **idle(platform, image),
        "Cmd": ["/bin/sh", f"/{WORK}/install.sh"],
        "HostConfig": {
            "NetworkMode": network,
            "CapDrop": ["ALL"],
            "CapAdd": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
            "SecurityOpt": ["no-new-privileges"],
            "Memory": limits.memory,
            "MemorySwap": limits.memory,
            "NanoCpus": int(limits.cpus * 1e9),
            "PidsLimit": limits.pids,
            "Init": True,
            # Its output is read as it comes, and nothing is written beside: no log can fill the disk.
            "LogConfig": {"Type": "none", "Config": {}},
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


def checked(library: Library) -> None:
    """What ends up in a command or a path is what it should be. Raises `BuildFailed`."""
    for package in library.debian:
        if not _PACKAGE.fullmatch(package):
            raise BuildFailed(f"{package!r} is not the name of a Debian package.")
    for one in library.sources:
        if not _R_PACKAGE.fullmatch(one.name) or not _R_VERSION.fullmatch(one.version):
            raise BuildFailed(f"{one.name!r} {one.version!r} is not the name and version of an R package.")


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
