"""`sandbox ls`: all apps."""

from sandbox_cli import place
from sandbox_cli.console import console
from sandbox_cli.words import ago, sessions, size


def ls() -> None:
    """All apps: what is released, branches, sessions and memory."""
    apps = place.client().apps()
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
        console.next(f"sandbox status --app {apps[0]['app']}", "sandbox deploy")
    else:
        console.say("There are no apps yet.")
        console.next("sandbox init my-app", "sandbox deploy my-app")
