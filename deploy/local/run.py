"""`make run`: from an installed machine to two published branches."""

from deploy.local import account, demo, ending, engine, machine, server
from deploy.local.say import finish, heading


def main() -> None:
    settings = machine.settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    heading("Starting the platform")
    server.ensure_ports(settings)
    machine.keep_ports(settings)
    engine.ensure(settings)
    server.ensure_base(settings)
    server.ensure(settings)
    account.ensure(settings)
    demo.publish(settings)
    demo.await_release(settings)
    ending.show(settings)


if __name__ == "__main__":
    finish(main)
