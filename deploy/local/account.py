"""The person who runs this: an account on the platform, and a login for the `sandbox` command."""

import getpass
import os

from deploy.local import cli, machine
from deploy.local.say import Stop, step
from sandbox_server.settings import Settings


def ensure(settings: Settings) -> None:
    with step("Your login") as now:
        name = person()
        if cli.ask("whoami").get("url") == settings.control_url:
            now.result = "was there"
            return
        _log_in(settings, token=_new_token(name))
        now.result = f"{name}, an administrator"


def forget(settings: Settings) -> None:
    """No token of a platform that is gone stays behind."""
    cli.ask("logout", SANDBOX_URL=settings.control_url)


def person() -> str:
    return os.environ.get("SUDO_USER") or getpass.getuser()


def _new_token(name: str) -> str:
    """A first token; another one for a person whom the platform knows but this computer forgot."""
    sandboxd = machine.program("sandboxd")
    try:
        said = machine.run(machine.as_root([sandboxd, "user", "add", name, "--admin"]))
    except Stop:
        said = machine.run(machine.as_root([sandboxd, "user", "token", name]))
    return said.split()[-1]


def _log_in(settings: Settings, token: str) -> None:
    """The token goes over stdin: a command line can be read by everybody on the machine."""
    answer = cli.ask("login", settings.control_url, "--token", "-", stdin=f"{token}\n")
    if "error" in answer:
        problem = f"Logging in did not work: {answer['error']['message']}"
        raise Stop(problem, f"The server's log: {settings.home / 'sandboxd.log'}")
