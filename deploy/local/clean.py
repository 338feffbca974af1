"""`make clean`: remove all that the platform made on this machine, and nothing else."""

import os
import shutil
from pathlib import Path

from deploy.local import account, engine, machine, server
from deploy.local.say import Stop, console, finish, step
from sandbox_server.settings import Settings

VISITOR = "sandbox-visitor"


def main() -> None:
    settings = machine.settings()
    if settings.home.exists():
        account.forget(settings)
        if (settings.home / "sandbox.db").exists():
            engine.ensure(settings)
            _platform(settings)
        engine.stop(settings)
        _visitor(settings)
        _say_what_stays(settings)
        _folder(settings)


def _platform(settings: Settings) -> None:
    server.stop(settings)
    with step("Containers, images, network, firewall rule, edge"):
        bases = ["--bases"] if (settings.home / "made-base").exists() else []
        machine.run(machine.as_root([machine.program("sandboxd"), "destroy", "--yes", *bases]))


def _visitor(settings: Settings) -> None:
    if (settings.home / "made-visitor").exists():
        with step(f"System user {VISITOR}") as now:
            removed = machine.works(machine.as_root(["userdel", "--remove", VISITOR]))
            now.result = "removed" if removed else "stays: another platform on this machine uses it"


def _say_what_stays(settings: Settings) -> None:
    installed = settings.home / "installed-packages"
    if installed.exists():
        names = " ".join(sorted(set(installed.read_text().split())))
        console.print(f"\nPackages that `make run` installed stay. Without them: apt-get purge {names}")


def _folder(settings: Settings) -> None:
    """Only a folder that is certainly ours: what the settings name could be anything."""
    if not (settings.home / "ports").exists():
        raise Stop(f"{settings.home} does not look like a folder of this platform.", "Look at SANDBOX_HOME.")
    with step(f"Folder {settings.home}"):
        if os.geteuid() == 0:
            shutil.rmtree(settings.home)
        else:
            machine.run(machine.as_root(["rm", "-rf", "--", str(Path(settings.home))]))


if __name__ == "__main__":
    finish(main)
