"""docs/cli.md is what the commands say of themselves."""

from pathlib import Path

import pytest

from sandbox_cli import reference
from sandbox_cli.arguments import parameters
from sandbox_cli.main import COMMANDS, load

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
TABLE = """
init login logout whoami deploy ls status releases logs open promote rollback diff
wait cancel restart rm doctor
"""


def test_it_is_up_to_date() -> None:
    assert DOCS.read_text(encoding="utf-8") == reference.text(), (
        "python -m sandbox_cli.reference > docs/cli.md"
    )


def test_all_commands_are_there() -> None:
    assert set(TABLE.split()) <= COMMANDS.keys()
    assert {
        "token create",
        "token ls",
        "token rm",
        "env set",
        "env import",
        "env ls",
        "env rm",
        "apps rm",
    } <= COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_takes_json(name: str) -> None:
    command = load(COMMANDS[name])
    assert command.__doc__
    assert {"json", "verbose"} <= {parameter.name for parameter in parameters(command)}
    assert all(parameter.about.help for parameter in parameters(command))
