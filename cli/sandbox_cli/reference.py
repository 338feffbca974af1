"""Writes docs/cli.md from the commands themselves: `python -m sandbox_cli.reference > docs/cli.md`."""

from collections.abc import Callable, Iterator
from inspect import cleandoc

from sandbox_cli.arguments import Parameter, parameters
from sandbox_cli.main import COMMANDS, load
from sandbox_cli.options import COMMON, Option

HEAD = """
# The command line

Written by `python -m sandbox_cli.reference`; do not edit it by hand.

* Progress and advice go to stderr, the result alone to stdout: `url=$(sandbox deploy)` works.
* Every command takes `--json` and then prints exactly one JSON document on stdout, for errors too:
  `{"error": {"code": …, "message": …, "hint": …}}`. It never asks.
* Every command takes `-v`, which shows the traceback of an error.
* Exit code 0: done. 1: failed. 2: wrong use. 130: stopped by Ctrl-C; what was pushed goes on.
* A deployment is written `d42`, `42` or `app#42`.
* `sandbox` alone says where you are: server, user, app, branch, its URL, and three commands that help now.

Tokens are kept in `credentials.json`, readable by you alone: in `~/.config/sandbox` (Linux),
`~/Library/Application Support/sandbox` (macOS) or `%APPDATA%\\sandbox` (Windows).

| environment variable | meaning |
| --- | --- |
| `SANDBOX_URL` | The server, before the one you logged in to. |
| `SANDBOX_TOKEN` | The token, before the saved one. |
| `SANDBOX_CONFIG` | Another folder for `credentials.json`. |
| `SANDBOX_CA_BUNDLE` | A PEM file with certificates to trust beside the system's. |
| `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` | As everywhere. |
| `NO_COLOR` | No colours. |
""".strip()


def text() -> str:
    return "\n\n".join([HEAD, *(_command(name, load(place)) for name, place in COMMANDS.items())]) + "\n"


def _command(name: str, command: Callable[..., None]) -> str:
    own = [parameter for parameter in parameters(command) if parameter.name not in COMMON]
    usage = " ".join(["sandbox", name, *(_usage(parameter) for parameter in own)])
    parts = [f"## sandbox {name}", cleandoc(command.__doc__ or ""), f"```\n{usage}\n```"]
    if own:
        parts.append("\n".join(["| | |", "| --- | --- |", *(_row(parameter) for parameter in own)]))
    return "\n\n".join(parts)


def _usage(parameter: Parameter) -> str:
    if not isinstance(parameter.about, Option):
        return parameter.about.metavar
    plain = f"{parameter.about.flags[0]} {parameter.value}".rstrip()
    return plain if parameter.required else f"[{plain}]"


def _row(parameter: Parameter) -> str:
    about = parameter.about
    names = list(about.flags) if isinstance(about, Option) else [about.metavar]
    return f"| {', '.join(f'`{name}`' for name in names)} | {' '.join([about.help, *_more(parameter)])} |"


def _more(parameter: Parameter) -> Iterator[str]:
    if parameter.choices:
        yield f"One of {', '.join(f'`{choice}`' for choice in parameter.choices)}."
    if isinstance(parameter.default, str) and parameter.default:
        yield f"Default: `{parameter.default}`."


if __name__ == "__main__":
    print(text(), end="")
