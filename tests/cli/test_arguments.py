"""The quick reader of command lines says what typer says, or leaves it to typer."""

from pathlib import Path
from typing import Any

import pytest

from sandbox_cli.arguments import parse
from sandbox_cli.main import COMMANDS, load
from sandbox_cli.program import program

LINES: list[tuple[str, list[str]]] = [
    ("deploy", []),
    ("deploy", ["dash", "--branch", "b", "--json", "-v"]),
    ("deploy", ["--note=a=b", "--no-wait", "--", "dash"]),
    ("logs", ["d42", "-n", "5", "-f", "--build"]),
    ("wait", ["42", "--for", "ready", "--timeout", "2.5"]),
    ("env set", ["A", "B", "--scope", "release"]),
    ("rm", ["--branch", "b"]),
    ("login", ["http://x", "--token", "-"]),
    ("promote", ["--branch", "b", "-y"]),
]
ODD: list[tuple[str, list[str]]] = [
    ("deploy", ["--help"]),
    ("deploy", ["--nope"]),
    ("deploy", ["a", "b"]),
    ("deploy", ["--branch"]),
    ("deploy", ["--branch", "--json"]),
    ("deploy", ["--json=1"]),
    ("logs", ["-n", "x"]),
    ("logs", ["-n", "0"]),
    ("logs", ["-n5"]),
    ("wait", []),
    ("wait", ["42", "--for", "never"]),
    ("rm", []),
]


@pytest.mark.parametrize(("name", "words"), LINES)
def test_both_readers_agree(name: str, words: list[str]) -> None:
    command = load(COMMANDS[name])
    heard: list[dict[str, Any]] = []
    app = program({name: command}, lambda _, given: heard.append(given) or 0, lambda _: None)
    app([*name.split(), *words], standalone_mode=False)
    quick = parse(command, words)
    assert quick is not None
    given = {key: value for key, value in heard[0].items() if key in quick}
    assert {key: _plain(value) for key, value in given.items()} == {
        key: _plain(value) for key, value in quick.items()
    }


@pytest.mark.parametrize(("name", "words"), ODD)
def test_what_is_odd_is_left_to_typer(name: str, words: list[str]) -> None:
    assert parse(load(COMMANDS[name]), words) is None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
