"""Package lists of deployments on disk, by digest. A file that has its final name is whole, and never changes."""

import hashlib
import json
import os
import secrets
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from sandbox_server.errors import NotFound
from sandbox_server.store.once import sync
from sandbox_server.wire_packages import Package


class Inventories:
    """A folder of JSON files. The same packages are the same file, whatever their order was."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, rows: Iterable[Package]) -> str:
        """Keep a list durably; its digest. May be called again, and by several at the same time."""
        ordered = sorted(
            (row.model_dump() for row in rows), key=lambda row: (row["name"].lower(), row["name"])
        )
        content = json.dumps(ordered, sort_keys=True, separators=(",", ":")).encode()
        digest = hashlib.sha256(content).hexdigest()
        try:
            # Whoever asks is about to name it, so it counts as new again.
            os.utime(self._path(digest))
        except FileNotFoundError:
            self._write(self._path(digest), content)
        return digest

    def get(self, digest: str) -> list[Package]:
        """By name. Raises `NotFound`."""
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(
                "The package list of this deployment is gone.", "Push again: `sandbox deploy`."
            ) from None
        return [Package.model_validate(row) for row in json.loads(content)]

    def remove_all_but(self, needed: Collection[str], younger_than: float) -> None:
        """Remove lists that no deployment names, except those that came after `younger_than` (seconds since the
        epoch): their deployment may be about to name them. What a kill left half-written goes too."""
        for path in self._folder.glob("*"):
            with suppress(FileNotFoundError):  # a draft that has just got its name
                if path.stem not in needed and path.stat().st_mtime < younger_than:
                    path.unlink()

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.json"

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._folder / f"{secrets.token_hex(8)}.draft"
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync(self._folder)
