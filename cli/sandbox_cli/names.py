"""Names of apps and ways to write a deployment."""

import re
from typing import NamedTuple

from sandbox_cli.errors import Failure, WrongUse

APP = re.compile(r"[a-z](?:-?[a-z0-9])*")
LONGEST = 30
DEPLOYMENT = re.compile(r"(?:(?P<app>[a-z][a-z0-9-]*)#)?d?(?P<number>[1-9][0-9]{0,8})")


class Target(NamedTuple):
    app: str | None
    number: int


def deployment(text: str) -> Target:
    """`d42`, `42` or `app#42`."""
    found = DEPLOYMENT.fullmatch(text)
    if not found:
        raise WrongUse(
            f"{text} is not a deployment: write d42, 42 or app#42.", f"If it is a branch: `--branch {text}`."
        )
    return Target(found["app"], int(found["number"]))


def app_of_folder(folder: str) -> str:
    """The folder's name as an app's name: "My Sales (2024)" is my-sales-2024."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if words and not words[0].isalpha():
        words = f"app-{words}"
    name = words[:LONGEST].rstrip("-")
    if not name:
        raise Failure(
            f"The folder's name, {folder!r}, gives no name for the app.",
            'Give one: `--app NAME`, or `name = "…"` in sandbox.toml.',
            code="bad_name",
        )
    return name


def checked_app(name: str) -> str:
    if not APP.fullmatch(name) or len(name) > LONGEST:
        raise Failure(
            f"{name!r} cannot be an app's name, because it becomes part of its address.",
            f"Use small letters, digits and single dashes, {LONGEST} at most, starting with a letter.",
            code="bad_name",
        )
    return name


def nearest(name: str, known: list[str], cutoff: float = 0.6) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, known, 3, cutoff)
