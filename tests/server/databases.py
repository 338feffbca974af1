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


@contextmanager
def postgres() -> Iterator[str]:
    """Its URL without a database's name, to be filled in. It ends, and its folder goes, with the `with`."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="sbx-pg-"))
    user = _user(folder)
    data = folder / "data"
    _run(user, programs / "initdb", "-D", data, "-U", "sandbox", "--auth=trust", "--no-sync", "-E", "UTF8")
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c autovacuum=off -c max_connections=60"
    _run(user, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield f"postgresql+asyncpg://sandbox@/{{name}}?host={folder}"
    finally:
        _run(user, programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


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


def _run(user: str | None, *command: str | Path) -> None:
    subprocess.run(
        [str(part) for part in command], user=user, check=True, cwd="/",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
