"""`sandbox release watch`: how a new release does, beside the one before."""

from sandbox_cli import place
from sandbox_cli.answers_sessions import Side, Watch
from sandbox_cli.client import POLL, Client, patiently
from sandbox_cli.console import Live, console
from sandbox_cli.errors import INTERRUPTED, Failure
from sandbox_cli.options import App
from sandbox_cli.words import clock, plural

UNDER_WAY = ("canary", "watching")
BAD = ("aborted", "rolled_back", "troubled")


def watch(app: App = None) -> None:
    """Follow a candidate or a new release until it is settled: exit 1 if it was worse. Ctrl-C stops watching only."""
    name = place.app(app)
    client = place.client()
    try:
        with console.live(counted=False) as show:
            found = _settled(client, client.watch(name), show)
    except KeyboardInterrupt:
        stopped = Failure(
            "You stopped watching; the platform goes on.",
            f"Watch again: `sandbox release watch --app {name}`.",
            code="interrupted",
        )
        stopped.exit_code = INTERRUPTED
        raise stopped from None
    _tell(found)


def _settled(client: Client, found: Watch, show: Live) -> Watch:
    while found["state"] in UNDER_WAY:
        show(_line(found))
        app, seen = found["app"], found["version"]
        found = patiently(lambda app=app, seen=seen: client.watch(app, seen, POLL), show)  # type: ignore[misc]
    return found


def _line(found: Watch) -> str:
    newer = found["newer"]
    number = f"d{newer['deployment']}" if newer else "it"
    until = f" until {clock(found['until'])}" if found["until"] else ""
    if found["state"] == "watching":
        return f"{number} is watched{until}: {found['words']}"
    percent = found["steps"][0][0] if found["steps"] else 100
    later = f", then {percent} %" if until else " until somebody changes it"
    return f"{number} has {found['share']} %{until}{later}: {found['words']}"


def _tell(found: Watch) -> None:
    console.result(found["state"])
    for title, side in (("newer", found["newer"]), ("before", found["older"])):
        if side:
            console.say(f"  {title}: {_side(side)}")
    if found["state"] in BAD:
        newer = found["newer"]
        which = f" d{newer['deployment']}" if newer else ""
        hint = f"Read its log: `sandbox logs{which}`. History: `sandbox releases`."
        failure = Failure(found["words"], hint, code=found["state"])
        failure.document = found
        raise failure
    console.document(found)
    console.done(found["words"])
    console.next("sandbox status", "sandbox releases", "sandbox rollback")


def _side(side: Side) -> str:
    p95 = f", first outputs within {side['p95']:g} s" if side["p95"] is not None else ""
    crashes = f", {plural(side['crashes'], 'crash', 'crashes')}" if side["crashes"] else ""
    return (
        f"d{side['deployment']} (release {side['release']}), {plural(side['sessions'], 'session')}, "
        f"{side['failed']} with errors{p95}{crashes}"
    )
