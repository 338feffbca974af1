"""`sandbox drain`: end a deployment's instances although people are on them."""

from typing import Annotated, Literal

from sandbox_cli import place
from sandbox_cli.answers_sessions import Draining
from sandbox_cli.console import console
from sandbox_cli.errors import Failure, WrongUse
from sandbox_cli.options import App, OneDeployment, Option, Reason, Yes
from sandbox_cli.words import ago, left, plural, sessions

Scope = Literal["sandbox", "release"]


def drain(
    deployment: OneDeployment,
    deadline: Annotated[
        str,
        Option(
            ("--deadline",),
            'How long people may stay, such as "30m"; their pages say so. By default as after a release.',
            metavar="TIME",
        ),
    ] = "",
    now: Annotated[bool, Option(("--now",), "End it at once, whoever is on it.")] = False,
    cancel: Annotated[bool, Option(("--cancel",), "Let people stay after all.")] = False,
    scope: Annotated[
        Scope | None, Option(("--scope",), "Only what runs for the release, or in the sandbox.")
    ] = None,
    reason: Reason = "",
    yes: Yes = False,
    app: App = None,
) -> None:
    """End what still runs of a deployment that nobody new gets: for a security fix, say."""
    if bool(deadline) + now + cancel > 1:
        raise WrongUse("Give one of --deadline, --now and --cancel.", "See `sandbox drain --help`.")
    name, number = place.named(deployment, app)
    client = place.client()
    if now and not yes and console.asks():
        on_it = [row for row in client.draining(name) if row["deployment"] == number]
        people = sum(row["sessions"] or 0 for row in on_it)
        who = f"{plural(people, 'session')} on it will be" if people else "Whoever is on it will be"
        if not console.confirm(f"End d{number} of {name} now? {who} cut."):
            raise Failure("Nothing was ended.", "Give people time: `--deadline 30m`.", code="declined")
    found = client.drain(name, number, deadline=deadline, now=now, cancel=cancel, scope=scope, reason=reason)
    console.document(found)
    show(found)
    console.done(_sentence(number, found, now=now, cancel=cancel))
    undo = [] if now or cancel else [f"sandbox drain d{number} --cancel"]
    console.next("sandbox status", *undo)


def show(found: list[Draining]) -> None:
    """Who drains, as a table."""
    console.table(
        ("draining", "scope", "sessions", "since", "until", "reason"),
        [
            (
                f"d{row['deployment']}",
                row["scope"],
                sessions(row["sessions"]),
                ago(row["since"]),
                left(row["until"]),
                _why(row),
            )
            for row in found
        ],
    )


def _why(row: Draining) -> str:
    if row["moves_at"]:
        return f"pages load anew {left(row['moves_at'])}"
    return row["why"]


def _sentence(number: int, found: list[Draining], *, now: bool, cancel: bool) -> str:
    if cancel:
        return f"People on d{number} may stay as after a release."
    if now:
        return f"d{number} ends now."
    people = sum(row["sessions"] or 0 for row in found)
    until = min((row["until"] for row in found if row["until"]), default=None)
    when = f", {left(until)} at the latest" if until else ""
    return (
        f"Nobody new gets d{number}. It ends with its last session{when}; {plural(people, 'session')} on it."
    )
