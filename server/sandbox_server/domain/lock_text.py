"""The text of a lock file as JSON, or what is wrong with it in one sentence."""

import json
import re
from collections.abc import Mapping
from typing import Any

LARGEST = 8 * 1024 * 1024
"""Characters."""
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""JSON writes rare characters as two halves; one alone can be stored nowhere."""


class Unreadable(Exception):
    """The message is a fragment: "is not JSON (line 3, column 1)"."""


def load(text: str) -> dict[str, Any]:
    """Raises `Unreadable`."""
    if len(text) >= LARGEST:
        raise Unreadable(f"is larger than {LARGEST // 1024 // 1024} MiB")
    if not text.strip():
        raise Unreadable("is empty")
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(_why(text, error)) from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(
            "is not JSON that can be read: nested too deeply, or with a number too long"
        ) from error
    if not isinstance(found, dict):
        raise Unreadable("is JSON, but no object")
    if _HALF.search(text) and not _is_text(found):
        raise Unreadable("has half of a character (`\\ud800` to `\\udfff` alone)")
    return found


def words(value: object) -> str:
    """A short text; empty for anything else."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    return value.strip() if isinstance(value, str) and len(value) <= 2000 else ""


def texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """The fields that are texts."""
    return {name: words(value) for name, value in fields.items() if words(value)}


def _is_text(found: dict[str, Any]) -> bool:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _why(text: str, error: json.JSONDecodeError) -> str:
    where = f"is not JSON (line {error.lineno}, column {error.colno})"
    if any(line.startswith(("<<<<<<<", "=======", ">>>>>>>")) for line in text.splitlines()[:100_000]):
        return f"{where}: it has the marks of a merge conflict"
    start = text.lstrip()[:2000]
    if "_R_" not in start and start.startswith(("version:", "lockfile_version", "[[package]]", "# ")):
        return f"{where}: it looks like the lock of another tool"
    if start.startswith("PackratFormat"):
        return f"{where}: it is packrat's lock"
    return where
