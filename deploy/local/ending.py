"""What a newcomer reads last: where everything is, and what to try next."""

import os
import socket

from deploy.local import cli
from deploy.local.account import person
from deploy.local.demo import APP, BRANCH
from deploy.local.say import console, heading
from sandbox_server.settings import Settings


def show(settings: Settings) -> None:
    heading("All of this is live now")
    _place("What users get", _host(settings, APP), "the release, made from main")
    _place(
        f"Branch {BRANCH}",
        _host(settings, f"{BRANCH}--{APP}"),
        "its sandbox: for you and reviewers; users do not see it",
    )
    _place("All apps", _login_link(), "this link logs you in, once")
    heading("Try next")
    for command, why in _next():
        console.print(f"  {command}  [dim]# {why}", soft_wrap=True)
    heading("From another computer")
    console.print(f"  ssh -L {settings.port}:127.0.0.1:{settings.port} {_here()}", soft_wrap=True)
    console.print("  and then open the same URLs there.\n")


def _next() -> list[tuple[str, str]]:
    sudo = "sudo " if os.environ.get("SUDO_USER") else ""
    sandbox = f"{sudo}.venv/bin/sandbox"
    reviewer = '--to "Ann Lee <ann@example.org>"'
    return [
        (
            f"{sandbox} review request --app {APP} --branch {BRANCH} {reviewer}",
            "a link to try it, without an account",
        ),
        (f"{sandbox} promote --app {APP} --branch {BRANCH}", "give users the new version; nobody is cut off"),
        (f"{sandbox} rollback --app {APP}", "take it back, within a second"),
        (f"{sandbox} init ~/my-app && {sandbox} deploy ~/my-app", "publish an app of your own"),
    ]


def _place(name: str, url: str, why: str) -> None:
    console.print(f"  {name:<18}[cyan]{url}[/]\n  {'':<18}[dim]{why}", soft_wrap=True)


def _host(settings: Settings, name: str) -> str:
    return f"{settings.scheme}://{name}.{settings.apps_domain}{settings.port_suffix}"


def _login_link() -> str:
    link: str = cli.ask("open", "--page").get("url", "see: .venv/bin/sandbox open --page")
    return link


def _here() -> str:
    """User and host as an ssh command wants them; the address that this very login came to, if it was one."""
    connection = os.environ.get("SSH_CONNECTION", "").split()
    return f"{person()}@{connection[2] if len(connection) == 4 else socket.gethostname()}"
