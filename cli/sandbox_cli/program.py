"""The same commands as a typer program: for help, completion, and whatever is wrong with a command line."""

import inspect
import re
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from sandbox_cli.arguments import Parameter, parameters
from sandbox_cli.options import Option

GROUPS = {
    "token": "Tokens, for CI and other computers.",
    "env": "Variables of an app: names are shown, values never.",
    "apps": "Apps as a whole.",
    "release": "A release and its watch.",
    "review": "Links for reviewers, their verdicts and their comments.",
}

Command = Callable[..., None]


def program(
    commands: dict[str, Command], start: Callable[[Command, dict[str, Any]], int], root: Callable[[str], None]
) -> typer.Typer:
    """`start` runs a command with its arguments, `root` is what happens without a command."""
    app = typer.Typer(
        cls=_Group,
        help="Every branch of your R app live at its own address; a release is a switch.",
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root(root))
    groups = {name: typer.Typer(cls=_Group, help=told) for name, told in GROUPS.items()}
    for words, command in commands.items():
        *group, name = words.split()
        parent = groups[group[0]] if group else app
        parent.command(name, cls=_Command)(_typed(command, start))
    for name, group_app in groups.items():
        app.add_typer(group_app, name=name)
    return app


def wrong_use(error: Exception) -> tuple[str, str, int] | None:
    """Message, hint and exit code, if typer says that the command line is wrong."""
    # Its classes have moved between versions; what they offer has not.
    if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
        return None
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "sandbox"
    message = str(error.format_message()).strip().replace(": Value error, ", ": ")
    said = "Say which command." if message in ("", "Missing command.") else message
    return said, f"See `{path} --help`.", int(error.exit_code)


def _typed(command: Command, start: Callable[[Command, dict[str, Any]], int]) -> Command:
    @wraps(command)
    def run(**given: Any) -> None:
        start(command, given)

    told = [_described(parameter) for parameter in parameters(command)]
    run.__signature__ = inspect.Signature(told)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in told}
    return run


def _described(parameter: Parameter) -> inspect.Parameter:
    kind = parameter.kind | None if parameter.default is None else parameter.kind
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=parameter.default,
        annotation=Annotated[kind, _info(parameter)],
    )


def _info(parameter: Parameter) -> Any:
    about = parameter.about
    if isinstance(about, Option):
        limits: dict[str, Any] = (
            {"min": about.min, "max": about.max} if parameter.kind in (int, float) else {}
        )
        choices = f" One of {', '.join(parameter.choices)}." if parameter.choices else ""
        return typer.Option(*about.flags, help=about.help + choices, metavar=parameter.value, **limits)
    shown = about.default if about.default is not None else False
    return typer.Argument(help=about.help, metavar=re.sub(r"[\[\].]", "", about.metavar), show_default=shown)


class _Command(TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))


class _Group(TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))


def _without_types(known: list[Any]) -> list[Any]:
    """A flag takes no value, so its help names none; typer says "<bool>"."""
    for parameter in known:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return known


def _root(root: Callable[[str], None]) -> Command:
    def start(
        context: typer.Context,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document, errors too.")] = False,
        verbose: Annotated[
            bool, typer.Option("--verbose", "-v", help="Show the traceback of an error.")
        ] = False,
        version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    ) -> None:
        del json, verbose
        if version:
            root("version")
        elif context.invoked_subcommand is None:
            root("where")

    return start
