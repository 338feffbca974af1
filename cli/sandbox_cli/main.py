"""The command `sandbox`: finds the command that is meant, imports that one alone, prints errors and exits."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from time import perf_counter
from typing import Any

from sandbox_cli import arguments
from sandbox_cli.console import console
from sandbox_cli.errors import INTERRUPTED, Failure

STARTED = perf_counter()

COMMANDS = {
    "init": "init:init",
    "login": "login:login",
    "logout": "login:logout",
    "whoami": "login:whoami",
    "token create": "token:create",
    "token ls": "token:ls",
    "token rm": "token:rm",
    "deploy": "deploy:deploy",
    "ls": "ls:ls",
    "status": "status:status",
    "figures": "figures:figures",
    "releases": "releases:releases",
    "logs": "logs:logs",
    "open": "open:open_",
    "promote": "promote:promote",
    "rollback": "rollback:rollback",
    "gates": "gates:gates",
    "release watch": "release:watch",
    "diff": "diff:diff",
    "packages": "packages:packages",
    "lock": "lock:lock",
    "env set": "env:set_",
    "env import": "env:import_",
    "env ls": "env:ls",
    "env rm": "env:rm",
    "review request": "review:request",
    "review list": "review:list_",
    "review show": "review:show",
    "review revoke": "review:revoke",
    "review answer": "review:answer",
    "review resolve": "review:resolve",
    "review reopen": "review:reopen",
    "wait": "wait:wait",
    "cancel": "wait:cancel",
    "restart": "wait:restart",
    "drain": "drain:drain",
    "render": "render:render",
    "keep": "keep:keep",
    "rm": "rm:rm",
    "apps rm": "rm:rm_app",
    "doctor": "doctor:doctor",
}
"""Every command, and where it lives."""


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A console that lacks a letter shows a question mark, it does not end the command.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """The exit code: 0, 1 for a failure, 2 for wrong use. The one place that prints errors."""
    console.reset(as_json="--json" in words, verbose=bool({"-v", "--verbose"} & set(words)))
    try:
        return _plain(words) if _is_plain(words) else _through_typer(words)
    except Failure as error:
        return _failed(error)
    except KeyboardInterrupt:
        return _failed(_stopped())
    except BrokenPipeError:
        # Whoever read the output has left, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _failed(_as_failure(error))


def load(place: str) -> Callable[..., None]:
    """The function of a command, from "module:function"."""
    module, _, function = place.partition(":")
    found: Callable[..., None] = getattr(import_module(f"sandbox_cli.commands.{module}"), function)
    return found


def _is_plain(words: list[str]) -> bool:
    return bool(_command(words)) and "_SANDBOX_COMPLETE" not in os.environ


def _command(words: list[str]) -> str:
    """The name of the command that the words begin with, or nothing."""
    return next((name for name in (" ".join(words[:2]), " ".join(words[:1])) if name in COMMANDS), "")


def _plain(words: list[str]) -> int:
    name = _command(words)
    command = load(COMMANDS[name])
    given = arguments.parse(command, words[len(name.split()) :])
    return _through_typer(words) if given is None else _start(command, given)


def _start(command: Callable[..., None], given: dict[str, Any]) -> int:
    console.reset(given.pop("json", False) or console.json, given.pop("verbose", False) or console.verbose)
    command(**given)
    return 0


def _through_typer(words: list[str]) -> int:
    from sandbox_cli.program import program

    commands = {name: load(place) for name, place in COMMANDS.items()}
    app = program(commands, _start, lambda name: load(f"where:{name}")())
    code = app(words, prog_name="sandbox", standalone_mode=False)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _stopped() -> Failure:
    failure = Failure("Stopped.", "Nothing that was sent is lost: `sandbox status`.", code="interrupted")
    failure.exit_code = INTERRUPTED
    return failure


def _as_failure(error: Exception) -> Failure:
    from sandbox_cli.program import wrong_use

    if type(error).__name__ == "Abort":
        return _stopped()
    if said := wrong_use(error):
        message, hint, code = said
        failure = Failure(message, hint, code="wrong_use")
        failure.exit_code = code
        return failure
    failure = Failure(
        f"Sorry, this should not have happened: {type(error).__name__}: {error}.",
        "Run it again with -v and send what it prints to those who run this server.",
        code="internal",
    )
    failure.__cause__ = error
    return failure


def _failed(error: Failure) -> int:
    if console.verbose:
        import traceback

        console.say("".join(traceback.format_exception(error)).rstrip())
    if console.json and error.told:
        return error.exit_code
    if console.json:
        console.document({"error": error.as_problem(), **error.document})
    else:
        asked = f" (request {error.request_id})" if error.request_id and error.code == "internal" else ""
        console.fail(error.message, f"{error.hint}{asked}", error.detail)
    return error.exit_code
