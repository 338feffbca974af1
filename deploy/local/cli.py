"""The `sandbox` command of this checkout, used as a person would use it."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from deploy.local.machine import ROOT, program
from deploy.local.say import Stop, console


def show(*arguments: str) -> None:
    """Run it before the person's eyes, named as they would type it."""
    console.print(Text(f"\n$ .venv/bin/sandbox {' '.join(arguments)}", style="bold"))
    if subprocess.run(_command(arguments), cwd=ROOT, env=_environment(), check=False).returncode != 0:  # noqa: S603
        raise Stop(f"`sandbox {arguments[0]}` did not work; it says why above.", "After mending it: make run")


def ask(*arguments: str, stdin: str = "", **environment: str) -> dict[str, Any]:
    """Its answer as data; under `error` what went wrong."""
    done = subprocess.run(  # noqa: S603
        [*_command(arguments), "--json"],
        cwd=ROOT,
        env=_environment() | environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"error": {"message": done.stderr.strip() or "no answer"}}
    return answer


def typed(path: Path) -> str:
    """A path as short as a person would write it here."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _command(arguments: Sequence[str]) -> list[str]:
    return [program("sandbox"), *arguments]


def _environment() -> dict[str, str]:
    """Without SANDBOX_URL and SANDBOX_TOKEN, which may mean another server."""
    return {name: value for name, value in os.environ.items() if name not in ("SANDBOX_URL", "SANDBOX_TOKEN")}
