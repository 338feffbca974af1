"""`sandbox releases`: an app's release history."""

from sandbox_cli import place
from sandbox_cli.answers import Release
from sandbox_cli.console import console, one_line
from sandbox_cli.options import App
from sandbox_cli.words import ago, sessions, span


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
            "after push",
            "sessions",
            "state",
            "reason",
        ),
        [_row(r, history[0]) for r in history],
    )
    for release in history:
        warn_of_override(release)
    if history:
        console.next(f"sandbox rollback --app {name}", f"sandbox diff --app {name}")
    else:
        console.say(f"Nothing of {name} is released yet.")
        console.next("sandbox promote", "sandbox status")


def warn_of_override(release: Release) -> None:
    """What gates missed, and why it was released all the same."""
    if release["override"]:
        missing = one_line(" ".join(release["override"]))
        console.warn(
            f"Release {release['release']} was made by {release['by']} against the gates: {missing} "
            f"Reason: {one_line(release['reason'])}"
        )


def _row(release: Release, newest: Release) -> tuple[str, ...]:
    state = "in force" if release["in_force"] else "still running" if release["kept_until"] else ""
    if release is newest and 0 < release["share"] < 100:
        state = "candidate"
    if release["override"]:
        state = f"{state}, overridden".lstrip(", ")
    return (
        str(release["release"]),
        f"d{release['deployment']}",
        release["branch"],
        "given up" if release["kind"] == "abort" else release["kind"],
        f"{release['share']} %",
        release["smoke"]["status"] if release["smoke"] else "",
        release["by"],
        ago(release["created_at"]),
        span(release["since_push"]) if release["since_push"] is not None else "",
        sessions(release["sessions"]) if state else "",
        state,
        release["reason"] or release["message"],
    )
