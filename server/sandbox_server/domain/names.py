"""Names and hosts: what an app may be called, and under which host each thing is found."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from hashlib import sha256

from sandbox_server.errors import BadName, BadRequest

RESERVED = frozenset(
    (
        "admin",
        "api",
        "app",
        "apps",
        "assets",
        "auth",
        "control",
        "edge",
        "internal",
        "localhost",
        "login",
        "logout",
        "ns",
        "root",
        "sandbox",
        "server",
        "static",
        "system",
        "waker",
        "www",
    )
)
"""Names that people could take for a part of the platform."""

HOST_LABEL = 63
BRANCH_LENGTH = 255
NEAREST = 3

_APP = re.compile(r"[a-z][a-z0-9-]{0,29}")
_DEPLOYMENT = re.compile(r"d[0-9]+")
_REFERENCE = re.compile(r"(?:(?P<app>[^#]+)#)?d?(?P<number>[0-9]{1,9})")
_HASH = 8
_HASHED = re.compile(r"(.*-)?[0-9a-f]{8}")


def check_app_name(name: str) -> str:
    """The same name, if it can be an app's name and host. Raises `BadName`."""
    problem = _app_problem(name)
    if problem:
        raise BadName(f"An app cannot be called '{_shown(name)}': {problem}.")
    return name


def check_branch(branch: str) -> str:
    """The same name, if git would accept it for a branch. Raises `BadRequest`."""
    problem = _branch_problem(branch)
    if problem:
        raise BadRequest(
            f"'{_shown(branch)}' cannot be a branch's name: {problem}.", "Give a git branch: `--branch NAME`."
        )
    return branch


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The known names that a person may have meant, best first, three at most."""
    by_lower = {candidate.lower(): candidate for candidate in sorted(known)}
    return [by_lower[match] for match in get_close_matches(name.lower(), by_lower, NEAREST, cutoff=0.6)]


def branch_label(branch: str, app: str) -> str:
    """The branch's part of a sandbox host: the branch itself where that is possible, else with a hash of it.

    Two branches never share a label: whatever was changed or cut carries the hash, and so does a branch that
    could be taken for such a label, for a deployment (`d42`), or for the mark of an foreign name (`xn`).
    """
    room = HOST_LABEL - len("--") - len(app)
    plain = re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-")
    if plain == branch and len(plain) <= room and not _mistakable(plain):
        return plain
    stem = plain[: room - _HASH - 1].rstrip("-") or "b"
    return f"{stem}-{sha256(branch.encode()).hexdigest()[:_HASH]}"


def release_host(app: str, domain: str) -> str:
    return f"{app}.{domain}"


def sandbox_host(app: str, label: str, domain: str) -> str:
    return f"{label}--{app}.{domain}"


def deployment_host(app: str, number: int, domain: str) -> str:
    return f"d{number}--{app}.{domain}"


def parse_deployment(text: str) -> tuple[str | None, int]:
    """`d42`, `42` or `app#42` as app (None if not said) and number. Raises `BadRequest`."""
    match = _REFERENCE.fullmatch(text.strip())
    if not match or int(match["number"]) == 0:
        raise BadRequest(
            f"'{_shown(text)}' is not a deployment.", "Give it as d42, 42 or app#42; see `sandbox status`."
        )
    app = match["app"]
    return (check_app_name(app) if app else None), int(match["number"])


def _app_problem(name: str) -> str:
    if not _APP.fullmatch(name):
        return "it takes small letters, digits and dashes, 30 at most, and begins with a letter"
    if "--" in name:
        return "two dashes in a row stand between a branch and its app"
    if name.endswith("-"):
        return "it ends with a dash"
    if name in RESERVED:
        return "that name is kept for the platform"
    if _DEPLOYMENT.fullmatch(name):
        return "it looks like a deployment"
    return ""


def _branch_problem(branch: str) -> str:  # noqa: PLR0911 - one line for each of git's rules
    parts = branch.split("/")
    if not branch:
        return "it is empty"
    if len(branch) > BRANCH_LENGTH:
        return f"it is longer than {BRANCH_LENGTH} characters"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in branch):
        return "it has control characters"
    if any(character in " ~^:?*[\\" for character in branch):
        return "it has a space or one of ~ ^ : ? * [ \\"
    if branch == "@" or "@{" in branch or ".." in branch:
        return "git gives '@', '@{' and '..' another meaning"
    if "" in parts:
        return "it begins or ends with a slash, or has two in a row"
    if branch.startswith("-") or branch.endswith("."):
        return "it begins with a dash or ends with a dot"
    if any(part.startswith(".") or part.endswith(".lock") for part in parts):
        return "a part of it begins with a dot or ends with '.lock'"
    return ""


def _mistakable(label: str) -> bool:
    return bool(label == "xn" or _DEPLOYMENT.fullmatch(label) or _HASHED.fullmatch(label))


def _shown(name: str) -> str:
    """Safe to print: a hostile name cannot write over a terminal, nor fill it."""
    printable = "".join(character if character.isprintable() else "?" for character in name[:81])
    return printable if len(printable) <= 80 else f"{printable[:80]}…"
