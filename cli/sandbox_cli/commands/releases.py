"""`sandbox releases`: an app's release history."""

from sandbox_cli import place
from sandbox_cli.answers import Release
from sandbox_cli.console import console
from sandbox_cli.options import App
from sandbox_cli.words import ago, sessions


def releases(app: App = None) -> None:
    """What was released when, by whom and why; the newest first."""
    name = place.app(app)
    history = place.client().releases(name)
    console.document(history)
    console.table(
        (
            "release",
            "deployment",
            "branch",
            "kind",
            "share",
            "smoke",
            "by",
            "when",
            "sessions",
            "state",
            "reason",
        ),
        [_row(r, history[0]) for r in history],
    )
    if history:
        console.next(f"sandbox rollback --app {name}", f"sandbox diff --app {name}")
    else:
        console.say(f"Nothing of {name} is released yet.")
        console.next("sandbox promote", "sandbox status")


def _row(release: Release, newest: Release) -> tuple[str, ...]:
    state = "in force" if release["in_force"] else "still running" if release["kept_until"] else ""
    if release is newest and 0 < release["share"] < 100:
        state = "candidate"
    return (
        str(release["release"]),
        f"d{release['deployment']}",
        release["branch"],
        "given up" if release["kind"] == "abort" else release["kind"],
        f"{release['share']} %",
        release["smoke"]["status"] if release["smoke"] else "",
        release["by"],
        ago(release["created_at"]),
        sessions(release["sessions"]) if state else "",
        state,
        release["reason"] or release["message"],
    )
