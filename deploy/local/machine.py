"""This machine: rights, processes, ports, and the folder that holds the platform's state."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from deploy.local.say import Stop
from sandbox_server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = Path("/var/lib/sandbox-visitor/browsers")
"""Where setup.sh puts Playwright's browser, on systems that have none as a package."""

PORTS = ("SANDBOX_PORT", "SANDBOX_CONTROL_PORT", "SANDBOX_WAKE_PORT")


def settings() -> Settings:
    """The settings of the platform in this checkout: the environment, else the last ports."""
    os.environ.setdefault("SANDBOX_HOME", str(ROOT / ".sandbox"))
    _remember_ports(Path(os.environ["SANDBOX_HOME"]) / "ports")
    _find_browser()
    return Settings()


def keep_ports(now: Settings) -> None:
    """From now on every command here uses these ports, without being told."""
    values = (now.port, now.control_port, now.wake_port)
    lines = [f"{name}={value}\n" for name, value in zip(PORTS, values, strict=True)]
    (now.home / "ports").write_text("".join(lines))


def program(name: str) -> str:
    """A program of this checkout's environment."""
    return str(Path(sys.executable).parent / name)


def as_root(command: Sequence[str]) -> list[str]:
    """The same command with root rights; the environment's SANDBOX_* and engine settings go with it."""
    if os.geteuid() == 0:
        return list(command)
    passed = [name for name in os.environ if name.startswith(("SANDBOX_", "DOCKER_"))]
    # Root's bytecode in the checkout could not be removed by its owner.
    clean = ["env", "PYTHONDONTWRITEBYTECODE=1"]
    return ["sudo", f"--preserve-env={','.join(['PATH', *passed])}", *clean, *command]


def module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"deploy.local.{name}", *arguments]


def run(command: Sequence[str]) -> str:
    """Standard output of a command that must succeed. Raises `Stop` with its last words otherwise."""
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise _failed(command, (done.stderr.strip() or done.stdout.strip()).splitlines())
    return done.stdout


def follow(command: Sequence[str], line: Callable[[str], None]) -> None:
    """Run a command that takes long, giving each line that it says. Raises `Stop` with its last words."""
    words: list[str] = []
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for said in process.stdout or ():
            words = [*words[-7:], said.rstrip()]
            line(said.strip())
    if process.returncode != 0:
        raise _failed(command, words)


def works(command: Sequence[str]) -> bool:
    quiet = subprocess.DEVNULL
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=_environment(), stdout=quiet, stderr=quiet, check=False
    )
    return done.returncode == 0


def detach(command: Sequence[str], pid_file: Path, log: Path) -> None:
    """Start a command with root rights in a session of its own; it outlives this one."""
    run(as_root(module("detach", str(pid_file), str(log), *command)))


def running(pid_file: Path, words: str) -> int | None:
    """The process that the file names, if it lives and its command line has these words."""
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return None
    return pid if words in command_line(pid) else None


def processes(*words: str) -> list[int]:
    """Processes whose command line has all these words."""
    return [pid for pid in _pids() if all(word in command_line(pid) for word in words)]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def end(pid: int, patience: float = 20) -> None:
    """Ask a process to end, and insist after `patience` seconds."""
    run(as_root(module("end", str(pid), str(patience))))


def port_is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def wait_until(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "nothing in its log")


def _failed(command: Sequence[str], words: list[str]) -> Stop:
    name = " ".join(Path(part).name for part in command if not part.startswith("-"))
    sentence, hint = [*words[-2:], "it said nothing" if not words else "", ""][:2]
    return Stop(f"`{name}` failed: {sentence}", hint)


def _remember_ports(file: Path) -> None:
    if not file.exists():
        return
    for line in file.read_text().splitlines():
        name, _, value = line.partition("=")
        if name in PORTS:
            os.environ.setdefault(name, value)


def _find_browser() -> None:
    found = sorted(BROWSERS.glob("chromium-*/chrome-linux*/chrome"))
    if found:
        os.environ.setdefault("SANDBOX_CHROMIUM", str(found[-1]))


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"}


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
