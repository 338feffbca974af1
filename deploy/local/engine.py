"""The container engine: one that is there is left as it was, one that we started is ours to stop."""

import shutil
import sys
from pathlib import Path

import docker
from docker.errors import DockerException

from deploy.local import machine
from deploy.local.say import Stop, step
from sandbox_server.settings import Settings

PATIENCE = 180
"""Seconds for an engine to start: a slow disk with many images takes its time."""


def ensure(settings: Settings) -> None:
    with step("Container engine") as now:
        if answers():
            now.result = "was running"
            return
        if Path("/run/systemd/system").is_dir():
            machine.run(machine.as_root(["systemctl", "start", "docker"]))
            now.result = "started by systemd"
        else:
            _start(settings)
            now.result = "started"
        if not machine.wait_until(lambda: answers() or not _lives(settings), PATIENCE) or not answers():
            raise Stop(
                f"No container engine can run here: {machine.last_line(_log(settings))}",
                "Sandbox needs a machine, or a virtual one, that may run containers (a container must"
                f" be privileged). The engine's log: {_log(settings)}",
            )


def stop(settings: Settings) -> None:
    """Stop the engine if it was started here and nobody else's containers run on it."""
    pid = machine.running(_pid_file(settings), "dockerd")
    if pid is None:
        return
    with step("Container engine") as now:
        if _in_use():
            now.result = "goes on: other containers run on it"
            return
        machine.end(pid)
        now.result = "stopped, since we had started it"


def answers() -> bool:
    return machine.works(machine.as_root(machine.module("engine", "answers")))


def client() -> docker.DockerClient:
    host = Settings().engine
    return docker.DockerClient(base_url=host) if host else docker.from_env()


def forget_dead(folder: Path = Path("/run")) -> None:
    """Remove pid files of an engine that was killed. It would not start while another process has that number."""
    for name, program in (("docker.pid", "dockerd"), ("docker/containerd/containerd.pid", "containerd")):
        if machine.running(folder / name, program) is None:
            (folder / name).unlink(missing_ok=True)


def main() -> None:
    """Exit 0 if the engine answers; with `busy`, if containers run on it; `forget` tidies up after a dead one."""
    if "forget" in sys.argv:
        forget_dead()
        return
    try:
        engine = client()
        engine.ping()
        sys.exit(1 if "busy" in sys.argv and not engine.containers.list() else 0)
    except DockerException:
        sys.exit(1)


def _in_use() -> bool:
    return machine.works(machine.as_root(machine.module("engine", "busy")))


def _start(settings: Settings) -> None:
    engine = shutil.which("dockerd", path="/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin")
    if engine is None:
        raise Stop("There is no container engine on this machine.", "Install one: apt-get install docker.io")
    machine.run(machine.as_root(machine.module("engine", "forget")))
    machine.detach([engine], _pid_file(settings), _log(settings))


def _lives(settings: Settings) -> bool:
    started = _pid_file(settings).exists()
    return not started or machine.running(_pid_file(settings), "dockerd") is not None


def _pid_file(settings: Settings) -> Path:
    return settings.home / "engine.pid"


def _log(settings: Settings) -> Path:
    return settings.home / "engine.log"


if __name__ == "__main__":
    main()
