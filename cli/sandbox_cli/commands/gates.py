"""`sandbox gates`: what an app demands before a release, and whether a deployment has it."""

from typing import Annotated

from sandbox_cli import gate_values, place
from sandbox_cli.answers_review import GateReport, Gates
from sandbox_cli.client import Client
from sandbox_cli.console import clean, console, one_line
from sandbox_cli.errors import Failure, WrongUse
from sandbox_cli.options import App, Deployment, Option, Reason, Yes
from sandbox_cli.words import ago, plural


def gates(
    deployment: Deployment = None,
    app: App = None,
    set_: Annotated[
        list[str] | None,
        Option(
            ("--set",),
            "Change one gate at once, such as reviews=1; more than once for more. For administrators.",
            metavar="GATE=VALUE",
        ),
    ] = None,
    clear: Annotated[bool, Option(("--clear",), "Demand nothing any more. For administrators.")] = False,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Show what is demanded before a release; of a deployment, what is met and what is missing."""
    if clear and set_:
        raise WrongUse("Give --set or --clear, not both.", "See `sandbox gates --help`.")
    if deployment and (clear or set_):
        raise WrongUse("Gates are of an app, not of a deployment.", "Leave the deployment out.")
    client = place.client()
    if deployment:
        _tell_report(client.gate_report(*place.named(deployment, app)))
    elif clear or set_:
        _change(client, place.app(app), set_ or [], clear, reason, yes)
    else:
        _tell(client, client.gates(place.app(app)))


def _change(client: Client, app: str, words: list[str], clear: bool, reason: str, yes: bool) -> None:
    if not reason.strip():
        raise WrongUse("Say why the gates change.", 'Add `--reason "…"`; it stays in the history.')
    before = client.gates(app)
    wanted = {} if clear else gate_values.changed(before["gates"], words)
    if clear and console.asks() and not yes and not console.confirm(
        f"From now on nothing is demanded before a release of {app}. Do it?"
    ):  # fmt: skip
        raise Failure("Nothing has changed.", "See them: `sandbox gates`.", code="declined")
    _tell(client, client.set_gates(app, wanted, reason))


def _tell(client: Client, found: Gates) -> None:
    console.document(found)
    app = found["app"]
    if not found["words"]:
        console.say(f"{app} demands nothing before a release.")
    else:
        console.say(f"Before a release of {app}:")
        console.result("\n".join(f"- {clean(words)}" for words in found["words"]))
    _tell_notes(found["notes"])
    if found["since"]:
        console.say(f"In force since {found['since'][:10]}, {ago(found['since'])}: {one_line(found['why'])}.")
    more = [f"sandbox gates {_next_to_release(client, app)} --app {app}"] if found["words"] else []
    console.next(*more, f'sandbox gates --set reviews=1 --reason "…" --app {app}')


def _next_to_release(client: Client, app: str) -> str:
    """The newest that a branch shows and users do not have."""
    shown = [sandbox["current"] for sandbox in client.app(app)["sandboxes"] if sandbox["current"]]
    fresh = [one["deployment"] for one in shown if not one["released"]]
    return f"d{max(fresh)}" if fresh else "<deployment>"


def _tell_report(found: GateReport) -> None:
    console.document(found)
    which = f"d{found['deployment']} --app {found['app']}"
    lines: list[str] = []
    for missing in found["missing"]:
        lines += [f"missing  {clean(missing['message'])}", f"         {clean(missing['hint'])}"]
    lines += [f"met      {clean(met['message'])}" for met in found["met"]]
    if lines:
        console.result("\n".join(lines))
    _tell_notes(found["notes"])
    if found["proposal"]:
        console.say("With its release these gates change:")
        for line in found["proposal"]:
            console.say(f"  {clean(line)}")
    if found["open"]:
        console.done(f"All gates of {found['app']} are open for d{found['deployment']}.")
        console.next(f"sandbox promote {which}")
        return
    lacks = plural(len(found["missing"]), "thing is", "things are")
    console.warn(f"d{found['deployment']} cannot be released now: {lacks} missing.")
    override = [f'sandbox promote {which} --override --reason "…"'] if found["may_override"] else []
    console.next(f"sandbox review list --app {found['app']}", *override)


def _tell_notes(notes: list[str]) -> None:
    for note in notes:
        console.warn(clean(note))
