"""Receive an upload, and read from a bundle what the platform needs to know of it."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from sandbox_server.domain import archive, config, kind, packages
from sandbox_server.errors import BadBundle
from sandbox_server.operations.parts import Parts

CONFIG = "sandbox.toml"
_TEXT_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class Read:
    """What a bundle says of itself."""

    detected: kind.Detected
    config: config.AppConfig
    uses: dict[str, packages.Use]
    size: int
    """Bytes, unpacked."""


async def receive(parts: Parts, digest: str, chunks: AsyncIterable[bytes]) -> None:
    """Keep an upload under its SHA-256. Raises `BadBundle`, `TooLarge`, `StorageFull`; then nothing is kept."""
    limits = limits_of(parts)
    await parts.bundles.receive(digest, chunks, lambda path: archive.inspect(path, limits))


async def read(parts: Parts, digest: str) -> Read:
    """Raises `BadBundle`, `BadConfig`, `NotAnApp`."""
    if not parts.bundles.has(digest):
        raise BadBundle("This bundle was not uploaded, or not to this server.")
    return await to_thread.run_sync(_read, parts.bundles.path(digest), limits_of(parts))


def limits_of(parts: Parts) -> archive.Limits:
    settings = parts.settings
    return archive.Limits(settings.bundle_limit, settings.unpacked_limit, settings.file_limit)


def _read(path: Path, limits: archive.Limits) -> Read:
    contents = archive.inspect(path, limits)
    sources = [member.path for member in contents.members if _is_source(member.path)]
    texts = archive.read_text(path, [*sources, CONFIG], _TEXT_LIMIT)
    return Read(
        detected=kind.detect([member.path for member in contents.members], lambda name: texts.get(name, "")),
        config=config.parse(texts.get(CONFIG, "")),
        uses=packages.packages_of(texts),
        size=contents.total,
    )


def _is_source(path: str) -> bool:
    return path.lower().endswith(".r")
