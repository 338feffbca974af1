"""`sandbox logs`: the build log or the run log of a deployment."""

import json
from collections.abc import Iterator
from typing import Annotated

from sandbox_cli import names, place
from sandbox_cli.answers import LogLine
from sandbox_cli.client import Client
from sandbox_cli.console import clean, console
from sandbox_cli.errors import WrongUse
from sandbox_cli.options import App, Branch, Deployment, Option
from sandbox_cli.words import clock

Build = Annotated[bool, Option(("--build",), "The build's log instead of the app's.")]
Follow = Annotated[bool, Option(("-f", "--follow"), "Go on with new lines.")]
Tail = Annotated[int | None, Option(("-n", "--lines"), "Only the last lines.", min=1)]


def logs(
    deployment: Deployment = None,
    *,
    branch: Branch = None,
    app: App = None,
    build: Build = False,
    follow: Follow = False,
    tail: Tail = None,
) -> None:
    """What the app wrote, or with --build its build; by default of the branch's newest deployment."""
    client, name, number = _which(deployment, branch, app)
    kind = "build" if build else "run"
    if follow:
        _stream(client.follow_logs(name, number, kind, tail))
        console.next(f"sandbox logs d{number}", "sandbox status")
    else:
        _show(client.logs(name, number, kind, tail), number, build=build)


def _which(deployment: str | None, branch: str | None, app: str | None) -> tuple[Client, str, int]:
    if deployment:
        names.deployment(deployment)
    if deployment and branch:
        raise WrongUse("Give a deployment or --branch, not both.", "See `sandbox logs --help`.")
    client = place.client()
    return client, *place.deployment(client, deployment, branch, app)


def _show(lines: list[LogLine], number: int, *, build: bool) -> None:
    console.document(lines)
    for line in lines:
        console.result(_shown(line))
    if not lines:
        console.say(f"d{number} has no build log." if build else f"d{number} wrote nothing so far.")
    if build:
        console.next(f"sandbox wait d{number}", f"sandbox logs d{number}")
    else:
        console.next(f"sandbox logs d{number} -f", f"sandbox logs d{number} --build")


def _stream(lines: Iterator[LogLine]) -> None:
    # With --json the whole is still one document: an array that is closed at the end, also by Ctrl-C.
    count = 0
    try:
        for line in lines:
            text = json.dumps(line, ensure_ascii=False) if console.json else _shown(line)
            print(("," if count else "[") + text if console.json else text, flush=True)
            count += 1
    except KeyboardInterrupt:
        pass
    finally:
        if console.json:
            print("]" if count else "[]")


def _shown(line: LogLine) -> str:
    return f"{clock(line['time'])} {clean(line['text']).rstrip()}"
