"""`sandbox` alone: where I am, and what to do next."""

from typing import Any

from sandbox_cli import VERSION, config, git, place
from sandbox_cli.client import Client
from sandbox_cli.console import console
from sandbox_cli.errors import Failure, NotLoggedIn, Refused, Unreachable


def where() -> None:
    """Where I am: server, user, app, branch, URL, and three commands that help now."""
    here: dict[str, Any] = {
        "server": None,
        "user": None,
        "app": None,
        "branch": None,
        "url": None,
        "release_url": None,
    }
    here |= _folder()
    here |= _server(here["app"], here["branch"])
    console.document(here)
    _show(here)


def version() -> None:
    console.document({"version": VERSION})
    console.result(f"sandbox {VERSION}")


def _folder() -> dict[str, Any]:
    folder = place.home()
    has_app = any((folder / name).is_file() for name in (*place.APP_FILES, "ui.R"))
    try:
        branch = place.here(folder)
        app = place.app_of(folder) if has_app else None
    except Failure as error:
        return {"note": error.message}
    return {"app": app, "branch": branch if has_app or git.is_inside(folder) else None}


def _server(app: str | None, branch: str | None) -> dict[str, Any]:
    try:
        login = config.login()
    except NotLoggedIn as error:
        return {"note": error.message, "next": ["sandbox login URL", "sandbox init", "sandbox --help"]}
    client = Client(login.url, login.token)
    try:
        me = client.me()
    except (Unreachable, Refused) as error:
        return {
            "server": login.url,
            "note": error.message,
            "next": ["sandbox doctor", "sandbox login URL", "sandbox --help"],
        }
    found: dict[str, Any] = {"server": login.url, "user": me["user"]}
    return found | (
        _app(client, app, branch)
        if app
        else {"next": ["sandbox init my-app", "sandbox ls", "sandbox --help"]}
    )


def _app(client: Client, app: str, branch: str | None) -> dict[str, Any]:
    try:
        known = client.app(app)
    except Refused as error:
        if error.status != 404:
            raise
        return {
            "note": f"{app} was never pushed.",
            "next": ["sandbox deploy", "sandbox ls", "sandbox --help"],
        }
    sandbox = next((sandbox for sandbox in known["sandboxes"] if sandbox["branch"] == branch), None)
    current = sandbox["current"] if sandbox else None
    fresh = current and not current["released"]
    promote = f"sandbox promote d{current['deployment']}" if current and fresh else "sandbox status"
    released = known["url"] if known["release"] else None
    return {
        "url": sandbox["url"] if sandbox else None,
        "release_url": released,
        "next": ["sandbox deploy", promote, "sandbox open"],
    }


def _show(here: dict[str, Any]) -> None:
    words = {
        "server": "server",
        "user": "user",
        "app": "app",
        "branch": "branch",
        "url": "URL",
        "release_url": "release",
    }
    for key, word in words.items():
        console.result(f"{word:<8} {here[key] or '–'}")
    if here.get("note"):
        console.warn(here["note"])
    console.next(*here["next"])
