"""`sandbox lock`: a renv.lock for what a deployment was built with."""

import json
import os
from pathlib import Path
from typing import Annotated

from sandbox_cli import place
from sandbox_cli.answers import Lock
from sandbox_cli.console import console, one_line
from sandbox_cli.errors import Failure
from sandbox_cli.options import App, Branch, Deployment, Option, Yes
from sandbox_cli.words import plural

NAME = "renv.lock"
SHOWN = 20
"""Changed packages that are told by name."""


def lock(
    deployment: Deployment = None,
    write: Annotated[bool, Option(("--write",), "Put it into the app's folder.")] = False,
    branch: Branch = None,
    app: App = None,
    yes: Yes = False,
) -> None:
    """A renv.lock that asks for exactly what the deployment has, by default the newest one of this branch.

    It is printed; with --write it is put into the app's folder, where another one is only replaced if you agree.
    """
    client = place.client()
    name, number = place.deployment(client, deployment, branch, app)
    made = client.lock(name, number)
    if write:
        _write(made, place.home() / NAME, yes)
        return
    console.document(made)
    console.result(made["text"].rstrip("\n"))
    console.next(f"sandbox lock d{number} --write", f"sandbox packages d{number}")


def _write(made: Lock, path: Path, yes: bool) -> None:
    old = _there(path)
    changes = [] if old is None else _changes(old, made["text"])
    same = old == made["text"]
    if old is not None and not same:
        _tell(path, changes)
        _agree(path, yes)
    if not same:
        _replace(path, made["text"])
    console.document({**_about(made), "path": str(path), "written": not same, "changes": changes})
    number = f"d{made['deployment']}"
    if same:
        console.done(f"{path} is what {number} was built with already.")
    else:
        console.done(f"{path} asks for what {number} was built with.")
    console.next(f"git add {NAME}", "sandbox deploy")
    console.result(str(path))


def _about(made: Lock) -> dict[str, object]:
    return {"app": made["app"], "deployment": made["deployment"]}


def _there(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}.", "Look at it.", code="bad_file") from error


def _changes(old: str, new: str) -> list[str]:
    """Such as "+ zoo 1.8-14", "- DT 0.33", "rlang 1.1.3 → 1.1.5"."""
    before, after = _versions(old), _versions(new)
    lines = []
    for name in sorted(before.keys() | after.keys(), key=str.lower):
        was, now = before.get(name), after.get(name)
        if was is None:
            lines.append(f"+ {name} {now}")
        elif now is None:
            lines.append(f"- {name} {was}")
        elif was != now:
            lines.append(f"{name} {was} → {now}")
    return lines


def _versions(text: str) -> dict[str, str]:
    """Of a lock that may be broken, or of another tool."""
    try:
        document = json.loads(text)
        return {name: str(row.get("Version", "?")) for name, row in document["Packages"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _tell(path: Path, changes: list[str]) -> None:
    what = plural(len(changes), "package") if changes else "no version, only how it is written"
    console.say(f"{path} is there already. What would change: {what}")
    for line in changes[:SHOWN]:
        console.say(f"  {one_line(line)}")
    if len(changes) > SHOWN:
        console.say(f"  and {len(changes) - SHOWN} more")


def _agree(path: Path, yes: bool) -> None:
    if yes or (console.asks() and console.confirm(f"Replace {path.name}?")):
        return
    raise Failure(f"{path} was left as it is.", "Replace it: `sandbox lock --write --yes`.", code="declined")


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Failure(
            f"{path} cannot be written: {error.strerror}.", "Nothing was changed.", code="bad_file"
        ) from error
