"""How much may still be fetched: as the disk has it, and as one build may."""

import shutil
from pathlib import Path

from sandbox_server.errors import StorageFull
from sandbox_server.repositories.trouble import NotHad

_STEP = 1024 * 1024


class Room:
    """For one build. `reserve`: bytes that stay free on the disk of `folder`; `total`: most that it may fetch."""

    def __init__(self, folder: Path, reserve: int, total: int) -> None:
        self._folder, self._reserve, self._total = folder, reserve, total
        self._taken = self._unchecked = 0

    def take(self, size: int) -> None:
        """Before `size` bytes are written. Raises `NotHad` and `StorageFull`."""
        self._taken += size
        if self._taken > self._total:
            raise NotHad(
                f"the archives of this build are more than {self._total:,} bytes (SANDBOX_BUILD_DISK)"
            )
        self._unchecked += size
        if self._unchecked >= _STEP:
            self._unchecked = 0
            self.check()

    def check(self) -> None:
        """Raises `StorageFull`."""
        if shutil.disk_usage(self._folder).free < self._reserve:
            raise StorageFull(
                f"Packages are not fetched: less than {self._reserve:,} bytes are free on the server's disk.",
                "Free disk space on the server (SANDBOX_DISK_RESERVE).",
            )
