"""`make stop`: nothing of the platform runs any more; apps and data stay for the next `make run`."""

import sys

from docker.errors import DockerException

from deploy.local import engine, machine, server
from deploy.local.say import console, finish, step
from sandbox_server.settings import Settings


def main() -> None:
    settings = machine.settings()
    everything(settings)
    console.print("\nApps and data are kept. Back again: make run")


def everything(settings: Settings) -> None:
    server.stop(settings)
    _stop_edge(settings)
    _stop_instances()
    engine.stop(settings)


def instances() -> None:
    """With root rights, in a process of its own: stop this platform's containers."""
    settings = machine.settings()
    platform = settings.home / "platform"
    if not platform.exists():
        return
    try:
        label = f"sandbox.platform={platform.read_text().strip()}"
        for container in engine.client().containers.list(filters={"label": label}):
            container.stop(timeout=5)
            console.print(container.name)
    except DockerException:
        return


def _stop_edge(settings: Settings) -> None:
    with step("Edge") as now:
        found = server.edge(settings)
        while (pid := server.edge(settings)) is not None:
            machine.end(pid)
        now.result = "stopped" if found else "was not running"


def _stop_instances() -> None:
    with step("Instances") as now:
        stopped = machine.run(machine.as_root(machine.module("stop", "instances"))).split()
        now.result = f"{len(stopped)} stopped" if stopped else "none was running"


if __name__ == "__main__":
    finish(instances if "instances" in sys.argv else main)
