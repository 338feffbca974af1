"""Starting and ending the proxy's processes, which outlive the platform's server."""

import os
import pwd
import re
import resource
import shutil
import signal
import subprocess
import threading
from functools import lru_cache
from pathlib import Path

from sandbox_server.errors import RouterUnavailable
from sandbox_server.router.config import CONFIG, EdgeSettings
from sandbox_server.router.socket import MASTER

LOG = "haproxy.log"
_PIDFILE = "haproxy.pid"
_LOG_LIMIT = 8 * 1024 * 1024
_RESERVE = 400
"""Descriptors for sockets, maps, logs and the old process during a reload."""


def start(folder: Path, program: str) -> subprocess.Popen[bytes]:
    """Start the master process in a session of its own, writing to the log in `folder`.

    Raises `RouterUnavailable` if there is no such program.
    """
    _rotate(folder / LOG)
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - a fixed list
            _command(folder, program),
            cwd=folder,
            env={"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (folder / _PIDFILE).write_text(f"{process.pid}\n")
    # Somebody must wait for it while we live, or its end leaves a zombie that looks alive.
    threading.Thread(target=process.wait, daemon=True, name=f"haproxy {process.pid}").start()
    return process


def check(folder: Path, program: str) -> None:
    """Raises `RouterUnavailable` if HAProxy does not accept the files."""
    result = subprocess.run(  # noqa: S603 - a fixed list
        [found(program), "-c", "-C", str(folder), "-f", CONFIG],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if result.returncode:
        raise RouterUnavailable(
            "HAProxy does not accept its configuration.",
            hint=f"Read it: `{program} -c -C {folder} -f {CONFIG}`.",
            detail=_alerts(result.stderr),
        )


def found(program: str) -> str:
    """The program's path. Raises `RouterUnavailable`."""
    path = shutil.which(program) or shutil.which(program, path="/usr/local/sbin:/usr/sbin:/sbin")
    if not path:
        raise RouterUnavailable(
            f"There is no program {program!r}.", hint="Install it: `apt-get install haproxy`."
        )
    return path


def version(program: str) -> str:
    """Such as "2.6.12-1+deb12u4". Raises `RouterUnavailable`."""
    path = found(program)
    return _version(path, Path(path).stat().st_mtime_ns)


def running(folder: Path) -> int | None:
    """Process id of the master of this folder, whoever started it; None if there is none."""
    try:
        pid = int((folder / _PIDFILE).read_text())
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    # The id may have gone to another process since.
    return pid if b"-C" in arguments and os.fsencode(folder) in arguments else None


def end(pid: int, *, hard: bool = False) -> None:
    try:
        os.kill(pid, signal.SIGKILL if hard else signal.SIGTERM)
    except ProcessLookupError:
        return


def why(folder: Path, offset: int, settings: EdgeSettings) -> RouterUnavailable:
    """The error for a start that failed, from what the log holds since `offset` (in bytes)."""
    text = _since(folder / LOG, offset)
    place = f"Port {settings.port} on {settings.bind}"
    if re.search(r"cannot bind socket \(Permission denied\)", text):
        return RouterUnavailable(
            f"{place} may not be used by this user.",
            hint="Set SANDBOX_PORT to a port above 1023.",
            detail=_alerts(text),
        )
    if re.search(r"cannot bind (socket|UNIX socket) \(Address already in use\)", text):
        return RouterUnavailable(
            f"{place} is taken by another program.",
            hint=f"End it (`ss -ltnp 'sport = :{settings.port}'` names it), or set SANDBOX_PORT.",
            detail=_alerts(text),
        )
    if re.search(r"cannot bind socket \(Cannot assign", text):
        return RouterUnavailable(
            f"{settings.bind} is no address of this machine.", hint="Set SANDBOX_BIND.", detail=_alerts(text)
        )
    return RouterUnavailable(
        "HAProxy did not start.", hint=f"Read its log: `tail {folder / LOG}`.", detail=_alerts(text)
    )


def log_size(folder: Path) -> int:
    try:
        return (folder / LOG).stat().st_size
    except OSError:
        return 0


def worker_user() -> str:
    """Whom workers run as: HAProxy's own user, if we are root and there is one."""
    if os.geteuid() != 0:
        return ""
    try:
        return pwd.getpwnam("haproxy").pw_name
    except KeyError:
        return ""


def affordable(settings: EdgeSettings) -> int:
    """Connections for which there are descriptors: each needs two, and each server one for its check."""
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return settings.max_connections
    room = (limit - settings.slots * settings.servers_per_slot - _RESERVE) // 2
    if room < 100:
        raise RouterUnavailable(
            f"{limit} open files are too few for {settings.slots} times {settings.servers_per_slot} servers.",
            hint="Raise it (`ulimit -Hn`, LimitNOFILE= of the unit), or lower SANDBOX_SLOTS.",
        )
    return min(settings.max_connections, room)


def _command(folder: Path, program: str) -> list[str]:
    # Names relative to the folder: a socket's path is short by law.
    return [found(program), "-W", "-C", str(folder), "-f", CONFIG, "-S", f"unix@{MASTER},mode,600"]


@lru_cache(maxsize=4)
def _version(path: str, _changed: int) -> str:
    text = subprocess.run(  # noqa: S603 - a fixed list
        [path, "-v"], capture_output=True, text=True, check=False, timeout=10
    ).stdout
    match = re.search(r"version (\d[\w.+~-]*)", text)
    return match.group(1) if match else ""


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))


def _since(path: Path, offset: int) -> str:
    try:
        with path.open("rb") as log:
            log.seek(offset if offset <= path.stat().st_size else 0)
            return log.read(1024 * 1024).decode(errors="replace")
    except OSError:
        return ""


def _alerts(text: str) -> str:
    lines = [line for line in text.splitlines() if "[ALERT]" in line] or text.splitlines()
    return "\n".join(lines[-12:])
