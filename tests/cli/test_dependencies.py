"""A laptop installs what the command line imports, and no more."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = {"sandbox_cli", "sandbox_templates"}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_the_dependencies_are_what_is_imported() -> None:
    modules = {name.partition(".")[0] for file in (ROOT / "cli").rglob("*.py") for name in imported(file)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split("[<>=]", line)[0] for line in project["dependencies"]}
    assert modules - OURS - sys.stdlib_module_names == declared
