"""`make test` and `make bench`: an engine that answers and a base image, without starting the platform."""

from deploy.local import engine, machine, server
from deploy.local.say import finish


def main() -> None:
    settings = machine.settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    engine.ensure(settings)
    server.ensure_base(settings)


if __name__ == "__main__":
    finish(main)
