"""`sandbox env`: variables. Values come from a prompt, from stdin or from a file, never from argv."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from sandbox_cli import dotenv, place
from sandbox_cli.answers import Variables
from sandbox_cli.console import console
from sandbox_cli.errors import Failure, WrongUse
from sandbox_cli.options import App, Argument, Option
from sandbox_cli.words import ago, plural

Scope = Literal["sandbox", "release"]
ScopeOption = Annotated[Scope, Option(("--scope",), "Who gets it: sandboxes, or the release.")]
BranchOption = Annotated[
    str | None,
    Option(("--branch", "-b"), "Only this branch's sandbox; by default all."),
]


def set_(
    names: Annotated[
        list[str] | None,
        Argument("[NAME]...", "Asked for one by one; without, NAME=VALUE lines from stdin."),
    ] = None,
    scope: ScopeOption = "sandbox",
    branch: BranchOption = None,
    app: App = None,
) -> None:
    """Set variables; the value is asked for, or read from stdin."""
    for name in names or []:
        _refuse_value(name)
    _put(_values(names or []), scope, branch, app)


def import_(
    file: Annotated[Path, Argument("FILE", "In the form of .env or .Renviron; - for stdin.")],
    scope: ScopeOption = "sandbox",
    branch: BranchOption = None,
    app: App = None,
) -> None:
    """Set the variables that a file names."""
    if str(file) == "-":
        return _put(dotenv.parse(sys.stdin.read(), "stdin"), scope, branch, app)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Failure(
            f"{file} cannot be read: {reason}.", "Name a text file with NAME=VALUE lines.", code="bad_file"
        ) from error
    return _put(dotenv.parse(text, file.name), scope, branch, app)


def ls(
    scope: Annotated[Scope | None, Option(("--scope",), "Only these; by default both.")] = None,
    branch: BranchOption = None,
    app: App = None,
) -> None:
    """Names of the variables; values are never shown."""
    name = place.app(app)
    found = place.client().variables(name, scope, branch)
    _document(name, found)
    rows = [
        (v["name"], v["scope"], v["branch"] or "all", v["by"], ago(v["set_at"])) for v in found["variables"]
    ]
    console.table(("name", "scope", "branch", "set by", "when"), rows)
    if not rows:
        console.say(f"{name} has no variables.")
    console.next("sandbox env set NAME", "sandbox env set NAME --scope release")


def rm(
    names: Annotated[list[str], Argument("NAME...", "Which.")],
    scope: ScopeOption = "sandbox",
    branch: BranchOption = None,
    app: App = None,
) -> None:
    """Remove variables."""
    name = place.app(app)
    client = place.client()
    for variable in names:
        found = client.remove_variable(name, variable, scope, branch)
    _document(name, found)
    console.done(f"Removed {', '.join(names)} ({_where(scope, branch)}).")
    _effect(found, scope)


def _put(values: dict[str, str], scope: Scope, branch: str | None, app: str | None) -> None:
    if not values:
        raise WrongUse("There is no variable to set.", "`sandbox env set NAME` asks for the value.")
    if scope == "release" and branch:
        raise WrongUse("A release has no branch of its own.", "Leave out --branch, or use `--scope sandbox`.")
    name = place.app(app)
    found = place.client().set_variables(name, values, scope, branch)
    _document(name, found)
    console.done(
        f"Set {plural(len(values), 'variable')} of {name} ({_where(scope, branch)}): {', '.join(values)}."
    )
    _effect(found, scope)


def _refuse_value(name: str) -> None:
    if "=" in name:
        shown = name.partition("=")[0]
        raise WrongUse(
            "A value does not belong in a command line: other programs can read it, and the shell keeps it.",
            f"`sandbox env set {shown}` asks for it, `sandbox env set {shown} < FILE` reads it.",
        )
    dotenv.check_name(name)


def _values(names: list[str]) -> dict[str, str]:
    if sys.stdin.isatty():
        if not names:
            raise WrongUse("Say which variable.", "`sandbox env set NAME`; the value is asked for.")
        return {name: console.ask(f"Value of {name}", hidden=True) for name in names}
    text = sys.stdin.read()
    if len(names) == 1:
        return {names[0]: text.removesuffix("\n").removesuffix("\r")}
    if names:
        raise WrongUse(
            "From stdin comes the value of one variable.", "Pipe NAME=VALUE lines and give no names."
        )
    return dotenv.parse(text, "stdin")


def _where(scope: str, branch: str | None) -> str:
    return "the release" if scope == "release" else f"sandbox of {branch}" if branch else "all sandboxes"


def _effect(found: Variables, scope: Scope) -> None:
    if found["effect"]:
        console.say(f"  {found['effect']}")
    console.next("sandbox env ls", "sandbox promote" if scope == "release" else "sandbox deploy")


def _document(app: str, found: Variables) -> None:
    names = sorted({variable["name"] for variable in found["variables"]})
    console.document({"app": app, "names": names, "variables": found["variables"], "effect": found["effect"]})
