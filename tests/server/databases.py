"""A Postgres server of the tests' own, on a socket in a temporary folder."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INSTALLED = Path("/usr/lib/postgresql")


class Postgres:
    """One that can be stopped and started again. As superuser `sandbox` everybody on the machine is let in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs = _programs()
        self._user = _user(folder)
        data = folder / "data"
        self._run("initdb", "-D", data, "-U", "sandbox", "--auth=trust", "--no-sync", "-E", "UTF8")

    def url(self, name: str) -> str:
        """Of one of its databases, as an administrator writes it."""
        return f"postgresql://sandbox@/{name}?host={self.folder}"

    def start(self) -> None:
        options = (
            f"-k {self.folder} -c listen_addresses= -c fsync=off -c autovacuum=off -c max_connections=60"
        )
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """At once, as by a crash: whoever is connected is cut off."""
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")

    @property
    def runs(self) -> bool:
        return (self.folder / "data" / "postmaster.pid").exists()

    def _run(self, program: str, *words: str | Path) -> None:
        subprocess.run(
            [str(self._programs / program), *map(str, words)], user=self._user, check=True, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """It ends, and its folder goes, with the `with`."""
    folder = Path(tempfile.mkdtemp(prefix="sbx-pg-"))
    try:
        made = Postgres(folder)
        made.start()
        try:
            yield made
        finally:
            if made.runs:
                made.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of one without a database's name, to be filled in."""
    with running_postgres() as made:
        yield made.url("{name}").replace("postgresql://", "postgresql+asyncpg://")


def _programs() -> Path:
    if not list(INSTALLED.glob("*/bin/initdb")):
        install = ["apt-get", "install", "-y", "--no-install-recommends", "postgresql"]
        subprocess.run(
            install, check=True, capture_output=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        )
    return max(INSTALLED.glob("*/bin"), key=lambda path: int(path.parent.name))


def _user(folder: Path) -> str | None:
    """Postgres refuses to run as root; the folder belongs to whoever runs it."""
    if os.getuid() != 0:
        return None
    shutil.chown(folder, "nobody", pwd.getpwnam("nobody").pw_gid)
    return "nobody"
