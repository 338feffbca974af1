"""`sandbox diff`: what is different between two deployments."""

from typing import Annotated

from sandbox_cli import names, place
from sandbox_cli.answers import Diff
from sandbox_cli.client import Client
from sandbox_cli.console import clean, console
from sandbox_cli.errors import WrongUse
from sandbox_cli.options import App, Argument

A = Annotated[
    str | None, Argument("[A]", "From this deployment. If you name one alone, it is B, and A the release.")
]
B = Annotated[str | None, Argument("[B]", "To this one; by default the newest of this branch.")]


def diff(a: A = None, b: B = None, app: App = None) -> None:
    """What B changes for users of A: commits, files, packages and names of variables.

    Variables of users that were changed since B was reviewed are marked as not reviewed.

    Without arguments, what the newest deployment of this branch changes against the release.
    """
    for side in filter(None, (a, b)):
        names.deployment(side)
    client = place.client()
    name, left, right = _sides(client, a, b, app)
    found = client.diff(name, left, right)
    unreviewed = client.preview(name, right)["unreviewed"]
    console.document({**found, "unreviewed": unreviewed})
    _show(found, unreviewed)
    console.next(f"sandbox promote d{right}", f"sandbox logs d{right}")


def _sides(client: Client, a: str | None, b: str | None, app: str | None) -> tuple[str, int | None, int]:
    if a and b:
        left, right = names.deployment(a), names.deployment(b)
        if left.app and right.app and left.app != right.app:
            raise WrongUse("These are deployments of two apps.", "Compare two of the same app.")
        return place.app_with(left.app or right.app, app), left.number, right.number
    name, number = place.deployment(client, a, None, app)
    release = client.app(name)["release"]
    return name, release["deployment"] if release else None, number


def _show(found: Diff, unreviewed: list[str]) -> None:
    console.result(f"{'nothing released' if found['a'] is None else 'd' + str(found['a'])} → d{found['b']}")
    _list("commits", found["commits"])
    _list("packages", found["packages"])
    _list("variables", found["variables"])
    _list("variables of users, changed since", [f"{variable} (not reviewed)" for variable in unreviewed])
    _list("files", [f"{file['change']} {file['path']}" for file in found["files"]])
    if not unreviewed and not any(found[kind] for kind in ("commits", "packages", "variables", "files")):
        console.say("There is no difference.")
    for file in found["files"]:
        if file["diff"]:
            console.result("\n" + clean(file["diff"]).rstrip())


def _list(title: str, lines: list[str]) -> None:
    if lines:
        console.result(f"\n{title}")
    for line in lines:
        console.result(f"  {clean(line)}")
