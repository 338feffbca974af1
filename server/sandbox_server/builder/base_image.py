"""Base images: made on this machine from Debian's packages, so that no registry is needed."""

import asyncio
import hashlib
import json
import os
import shutil
import signal
import tomllib
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import BinaryIO

import anyio
import anyio.from_thread
from docker import APIClient

from sandbox_server.builder.base_extras import NONE, Extras, add_extras, digest
from sandbox_server.builder.base_steps import Steps
from sandbox_server.builder.engine import Engine
from sandbox_server.builder.proxies import proxies
from sandbox_server.errors import StorageFull, Unavailable

BASE_LABEL = "sandbox.base"
RECIPE_LABEL = "sandbox.base.recipe"
REPOSITORY = "sandbox-base"
SUITES = {"4.2": "bookworm", "4.5": "trixie"}
"""Debian's suites by the R that they have."""
ROOM = 3 * 1024**3
"""Bytes that the work folder must have free: the unpacked system before it goes to the engine."""
CHUNK = 1024 * 1024
_PARTS = ("base.toml", "describe.R", "finish.sh")


@dataclass(frozen=True)
class Recipe:
    packages: tuple[str, ...]
    leave_out: tuple[str, ...]
    keep: tuple[str, ...]
    environment: dict[str, str]
    not_in: dict[str, list[str]]
    """Packages that a suite has not."""


def base_tag(suite: str) -> str:
    return f"{REPOSITORY}:{suite}"


async def make_base(
    engine: Engine,
    suite: str,
    mirror: str,
    work: Path,
    progress: Callable[[str], None],
    extras: Extras = NONE,
) -> str:
    """Make the base of a Debian suite, give it its tag, and return its Id. Takes a minute or two.

    `work` is a folder with 3 GiB of room. `progress` gets one sentence a step. All platforms of a machine
    share its bases. A kill in the middle leaves no image; the one before keeps its tag until the new one is
    whole.
    Raises `Unavailable`, and `StorageFull`.
    """
    _check_machine(work)
    started = anyio.current_time()
    made_of = read_recipe()
    with as_file(files("sandbox_templates") / "images") as images:
        arguments = command(made_of, suite, mirror, images / "finish.sh")
        image = await _bootstrap(
            engine, arguments, changes(made_of, recipe_digest(extras)), work, Steps(progress)
        )
    if extras:
        progress("adding the overlay and certificates")
        image = await add_extras(engine, image, extras)
    await engine.call(lambda client: client.tag(image, REPOSITORY, suite))
    progress(f"base {base_tag(suite)} is ready after {anyio.current_time() - started:.0f} s")
    return image


def recipe_digest(extras: Extras = NONE) -> str:
    """Tells bases of this recipe and with these extras from all others."""
    images = files("sandbox_templates") / "images"
    made_of = hashlib.sha256(b"\0".join((images / name).read_bytes() for name in _PARTS)).hexdigest()[:16]
    return f"{made_of}-{digest(extras)}" if extras else made_of


def read_recipe() -> Recipe:
    text = (files("sandbox_templates") / "images" / "base.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return Recipe(
        packages=tuple(data["packages"]),
        leave_out=tuple(data["leave_out"]),
        keep=tuple(data["keep"]),
        environment=dict(data["environment"]),
        not_in=dict(data["not_in"]),
    )


def command(recipe: Recipe, suite: str, mirror: str, finish: Path) -> list[str]:
    """The mmdebstrap call that writes the base as a tar archive to its standard output."""
    return [
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        "--verbose",
        "--format=tar",
        "--include=" + ",".join(name for name in recipe.packages if name not in recipe.not_in.get(suite, ())),
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in recipe.leave_out),
        *(f"--dpkgopt=path-include={pattern}" for pattern in recipe.keep),
        f"--customize-hook={finish}",
        suite,
        "-",
        *sources(suite, mirror),
    ]


def sources(suite: str, mirror: str) -> list[str]:
    """The lines of the base's sources.list; libraries are installed from them too.

    Security updates come from beside the mirror, as on deb.debian.org: `…/debian` and `…/debian-security`.
    """
    lines = [f"deb {mirror} {suite} main"]
    if mirror.rstrip("/").endswith("/debian"):
        lines.append(f"deb {mirror} {suite}-updates main")
        lines.append(f"deb {mirror.rstrip('/')}-security {suite}-security main")
    return lines


def changes(recipe: Recipe, digest: str) -> list[str]:
    """What the engine adds to the imported files."""
    return [
        f"LABEL {BASE_LABEL}=1",
        f"LABEL {RECIPE_LABEL}={digest}",
        "LABEL sandbox.role=base",
        *(f"ENV {name}={value}" for name, value in sorted(recipe.environment.items())),
    ]


def _check_machine(work: Path) -> None:
    if os.geteuid() != 0:
        raise Unavailable(
            "Making a base image needs root.",
            "Run `sudo sandboxd base build`, or set SANDBOX_BASE to an image.",
        )
    if shutil.which("mmdebstrap") is None:
        raise Unavailable("mmdebstrap is not installed.", "Run `apt-get install mmdebstrap`.")
    work.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(work).free < ROOM:
        raise StorageFull(f"{work} has less than 3 GiB free.", "Free disk space, or name a larger folder.")


async def _bootstrap(
    engine: Engine, arguments: list[str], changes: list[str], work: Path, steps: Steps
) -> str:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as archive:
        process = await _spawn(arguments, work, writing)
        told = asyncio.create_task(_tell(process, steps))
        try:
            return await engine.stream(lambda client: _import(client, archive, process, changes))
        except _UnfinishedError as problem:
            await told
            raise Unavailable(
                "The base image could not be made from Debian's packages.",
                "Check that this machine reaches the mirror, or set SANDBOX_MIRROR.",
                detail=steps.tail,
            ) from problem
        finally:
            await _end(process, told)


async def _spawn(arguments: list[str], work: Path, output: int) -> Process:
    # A session of its own: on a cancel all of apt and dpkg have to go, not mmdebstrap alone.
    try:
        return await asyncio.create_subprocess_exec(
            *arguments,
            stdin=DEVNULL,
            stdout=output,
            stderr=PIPE,
            start_new_session=True,
            env=os.environ | proxies(os.environ) | {"TMPDIR": str(work), "LC_ALL": "C.UTF-8"},
        )
    finally:
        os.close(output)


async def _tell(process: Process, steps: Steps) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        steps.read(line.decode("utf-8", "replace").rstrip())


def _import(client: APIClient, archive: BinaryIO, process: Process, changes: list[str]) -> str:
    # Without a name, which only a whole image gets.
    answer = client.import_image(_whole(archive, process), changes=changes, stream_src=True)
    status: str = json.loads(answer.strip().splitlines()[-1]).get("status", "")
    if not status.startswith("sha256:"):
        raise Unavailable("The engine did not take the base image.", detail=answer)
    return status


def _whole(archive: BinaryIO, process: Process) -> Iterator[bytes]:
    """The archive's bytes; fails, instead of ending, when mmdebstrap did: no half is ever imported."""
    while chunk := archive.read(CHUNK):
        yield chunk
    code = anyio.from_thread.run(process.wait)
    if code != 0:
        raise _UnfinishedError(f"mmdebstrap ended with {code}")


async def _end(process: Process, told: asyncio.Task[None]) -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGTERM)
    with anyio.CancelScope(shield=True):
        await process.wait()
        await told


class _UnfinishedError(Exception):
    pass
