"""Receive an upload, and read from a bundle what the platform needs to know of it."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from sandbox_server.domain import (
    addon_needs,
    archive,
    bookmarks,
    config,
    declaration,
    detection,
    kind,
    lock_text,
    project,
)
from sandbox_server.domain.addon_needs import AddonNeed
from sandbox_server.domain.archive import MIB
from sandbox_server.domain.requirement import Declaration
from sandbox_server.errors import BadBundle
from sandbox_server.operations.parts import Parts

CONFIG = "sandbox.toml"
_TEXT_LIMIT = MIB
_TEXTS_LIMIT = 16 * MIB


@dataclass(frozen=True)
class Read:
    """What a bundle says of itself."""

    detected: kind.Detected
    config: config.AppConfig
    declaration: Declaration
    addons: tuple[AddonNeed, ...]
    """What it shows to need, named in sandbox.toml or not."""
    python_requirements: str
    """The text of its requirements.txt; empty: it has none."""
    notices: tuple[str, ...]
    bookmarks: bool
    """Whether the app keeps its users' bookmarks on the server."""
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
    paths = [member.path for member in contents.members]
    texts, notices = _texts(path, contents)
    asked = config.parse(texts.get(CONFIG, ""))
    wish = detection.Wish(asked.kind, asked.entry, asked.path)
    detected = detection.detect(paths, lambda name: texts.get(name, ""), wish)
    code = declaration.code_of(texts, kind=detected.kind, folder=detected.folder, entry=detected.entry)
    declared = declaration.declare(
        texts, paths, code, kind=detected.kind, folder=detected.folder, entry=detected.entry
    )
    return Read(
        detected=detected,
        config=asked,
        declaration=declared,
        addons=tuple(
            addon_needs.needs_addons(
                texts, paths, declared.requirements, code,
                kind=detected.kind, folder=detected.folder, entry=detected.entry,
            )
        ),
        python_requirements=_python(texts, detected.folder),
        notices=notices,
        bookmarks=detected.kind.serves == "session" and bookmarks.keeps_bookmarks(texts),
        size=contents.total,
    )  # fmt: skip


def _texts(path: Path, contents: archive.Contents) -> tuple[dict[str, str], tuple[str, ...]]:
    """What is read to know how to start it, and what it needs; the nearest to the top first, up to a limit."""
    sizes = {one.path: one.size for one in contents.members if _is_source(one.path)}
    taken, total = [CONFIG], 0
    for name in sorted(sizes, key=lambda name: (not _is_lock(name), name.count("/"), name)):
        total += min(sizes[name], _TEXT_LIMIT)
        if total > _TEXTS_LIMIT:
            break
        taken.append(name)
    texts = archive.read_text(path, taken, _TEXT_LIMIT)
    large = [name for name in taken if _is_lock(name) and sizes[name] > _TEXT_LIMIT]
    texts |= archive.read_text(path, large[:4], lock_text.LARGEST)
    left = len(sizes) - len(taken) + 1
    notice = (
        f"{left} files were not looked at for packages: there is more than {_TEXTS_LIMIT // MIB} MiB of code."
    )
    return texts, (notice,) if left else ()


def _python(texts: dict[str, str], folder: str) -> str:
    return next((texts[path] for path in project.places(folder, "requirements.txt") if path in texts), "")


def _is_source(path: str) -> bool:
    return declaration.is_wanted(path) or path.lower().rpartition("/")[2] in _NAMED


def _is_lock(path: str) -> bool:
    return path.rpartition("/")[2] in ("renv.lock", "manifest.json", "DESCRIPTION")


_NAMED = {"description", "_quarto.yml", "_quarto.yaml", "_site.yml", "_server.yml"}
