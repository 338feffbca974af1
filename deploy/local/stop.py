"""`make stop`: nothing of the platform runs any more; apps and data stay for the next `make run`."""

from deploy.local import engine, machine, server
from deploy.local.say import console, finish, step


def main() -> None:
    settings = machine.settings()
    server.stop(settings)
    if engine.answers() and (settings.home / "sandbox.db").exists():
        with step("Edge and instances") as now:
            machine.run(machine.as_root([machine.program("sandboxd"), "quiet"]))
            now.result = "stopped"
    engine.stop(settings)
    console.print("\nApps and data are kept. Back again: make run")


if __name__ == "__main__":
    finish(main)
