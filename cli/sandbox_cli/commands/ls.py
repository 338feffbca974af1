"""`sandbox ls`: all apps, or all sandboxes."""

from typing import Annotated

from sandbox_cli import names, place
from sandbox_cli.answers import Sandbox
from sandbox_cli.console import console, one_line
from sandbox_cli.options import App, Option
from sandbox_cli.words import ago, plural, sessions, size

ASLEEP = "asleep"


def ls(
    sandboxes: Annotated[
        bool, Option(("--sandboxes", "-s"), "All sandboxes: who sleeps, and what each costs in memory.")
    ] = False,
    app: App = None,
) -> None:
    """All apps: what is released, branches, sessions and memory. Or all sandboxes."""
    if sandboxes or app:
        _sandboxes(names.checked_app(app) if app else None)
    else:
        _apps()


def _apps() -> None:
    client = place.client()
    apps = client.apps()
    console.document(apps)
    rows = []
    for app in apps:
        release = app["release"]
        released = f"d{release['deployment']} (release {release['release']})" if release else "–"
        rows.append(
            (
                app["app"],
                released,
                str(app["branches"]),
                sessions(app["sessions"]),
                size(app["memory"]),
                ago(app["updated_at"]),
                app["url"],
            )
        )
    console.table(("app", "released", "branches", "sessions", "memory", "changed", "URL"), rows)
    if apps:
        if not console.json:
            console.say(f"\n{_summary(client.sandboxes())}")
        console.next(f"sandbox status --app {apps[0]['app']}", "sandbox ls --sandboxes", "sandbox deploy")
    else:
        console.say("There are no apps yet.")
        console.next("sandbox init my-app", "sandbox deploy my-app")


def _sandboxes(app: str | None) -> None:
    found = place.client().sandboxes(app)
    console.document(found)
    heads = ("app", "branch", "shows", "status", "memory", "sessions", "used", "URL")
    console.table(heads, [_row(one) for one in found])
    for one in found:
        if one["removal"]:
            console.warn(f"{one['app']}, branch {one['branch']}: {one_line(one['removal'])}.")
    if not found:
        console.say("There are no sandboxes yet.")
        console.next("sandbox deploy")
        return
    console.say(f"\n{_summary(found)}")
    going = next((one for one in found if one["removal"]), None)
    which = f"--app {(going or found[-1])['app']} --branch {(going or found[-1])['branch']}"
    console.next(f"sandbox keep {which}" if going else f"sandbox rm {which}", "sandbox status")


def _row(one: Sandbox) -> tuple[str, ...]:
    return (
        one["app"],
        one["branch"],
        f"d{one['deployment']}",
        one["status"],
        size(one["memory"]),
        sessions(one["sessions"]) if one["memory"] is not None else "–",
        ago(one["used_at"]),
        one["url"],
    )


def _summary(found: list[Sandbox]) -> str:
    asleep = [one for one in found if one["status"] == ASLEEP]
    memory = sum(one["memory"] or 0 for one in found)
    awake = sum(one["memory"] is not None for one in found)
    return f"{plural(len(found), 'sandbox', 'sandboxes')}: {awake} running with {size(memory)}, {len(asleep)} asleep."
