"""Which R packages an app's code uses, and where they come from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

BASE_R = frozenset(
    (
        "base",
        "compiler",
        "datasets",
        "graphics",
        "grDevices",
        "grid",
        "methods",
        "parallel",
        "splines",
        "stats",
        "stats4",
        "tcltk",
        "tools",
        "utils",
    )
)
"""Part of R itself."""

_ATTACHING = frozenset(("library", "require"))
_NAMESPACE = frozenset(("requireNamespace", "loadNamespace", "attachNamespace"))
_TRYING = frozenset(("require", "requireNamespace"))
"""These answer FALSE for what is not there."""
_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9.]*[A-Za-z0-9]")
_LONGEST_CALL = 80
"""Tokens of one call that are looked at: keeps hostile nesting cheap."""

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*)
    | (?P<raw>[rR](?P<quote>["'])(?P<dashes>-*)(?P<bracket>[(\[{]))
    | (?P<string>"[^"\\]*(?:\\.[^"\\]*)*"?|'[^'\\]*(?:\\.[^'\\]*)*'?)
    | (?P<backtick>`[^`]*`?)
    | (?P<name>(?:[^\W\d_]|\.(?!\d))[\w.]*)
    | (?P<number>\.?\d[\w.]*)
    | (?P<mark>:::?|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class Use(NamedTuple):
    """The first place in the code that uses a package."""

    path: str
    line: int
    tried: bool = False
    """Named in `requireNamespace` or `require` only: the app may be fine without it."""


@dataclass(frozen=True)
class Plan:
    """What a library needs beyond its base."""

    debian: frozenset[str]
    """Debian's names of packages to install."""
    missing: dict[str, Use]
    """R packages that cannot be had here."""


def used_packages(source: str, *, tried: bool = True) -> dict[str, int]:
    """Packages that R code names in `library`, `require`, `requireNamespace`, `loadNamespace` or before `::`.

    Without `tried`, calls that only ask whether a package is there do not count.

    With the first line of each. Those of R itself are left out, and so is what is only known when it runs.
    """
    used: dict[str, int] = {}
    tokens = list(_tokens(source))
    for index, token in enumerate(tokens):
        package = _before_colons(tokens, index) or _in_call(tokens, index, tried=tried)
        if package and package not in BASE_R and _PACKAGE.fullmatch(package):
            used.setdefault(package, token.line)
    return used


def packages_of(files: Mapping[str, str]) -> dict[str, Use]:
    """The same for all R files of an app (path → text), each package with its first use."""
    used: dict[str, Use] = {}
    for path in sorted(files, key=lambda path: (path.count("/"), path)):
        if path.lower().endswith(".r"):
            needed = used_packages(files[path], tried=False)
            for package, line in used_packages(files[path]).items():
                found = Use(path, line, tried=package not in needed)
                if package not in used or (used[package].tried and not found.tried):
                    used[package] = found
    return used


def plan(used: Mapping[str, Use], base: frozenset[str], available: Mapping[str, str]) -> Plan:
    """What to install for `used` beyond `base`. `available`: R's name, in any case → Debian's name."""
    by_lower = {name.lower(): debian for name, debian in available.items()}
    wanted = {package: use for package, use in used.items() if package not in base and package not in BASE_R}
    return Plan(
        debian=frozenset(by_lower[package.lower()] for package in wanted if package.lower() in by_lower),
        missing={
            package: use
            for package, use in wanted.items()
            if package.lower() not in by_lower and not use.tried
        },
    )


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def _tokens(source: str) -> Iterator[_Token]:
    """R's tokens without space and comments. What is not closed reaches to the source's end."""
    at, line = 0, 1
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            return
        kind, end = match.lastgroup or "mark", match.end()
        if match["raw"]:
            kind = "string"
            closing = _CLOSING[match["bracket"]] + match["dashes"] + match["quote"]
            inner_end = source.find(closing, end)
            text = source[end:inner_end] if inner_end >= 0 else ""
            end = inner_end + len(closing) if inner_end >= 0 else len(source)
        else:
            text = match[0][1:-1] if kind in ("string", "backtick") else match[0]
        if kind != "space":
            yield _Token(kind, text, line)
        line += source.count("\n", at, end)
        at = end


def _before_colons(tokens: list[_Token], index: int) -> str:
    """`pkg` in `pkg::name`."""
    if index + 1 >= len(tokens) or tokens[index].kind not in ("name", "string", "backtick"):
        return ""
    follows = tokens[index + 1]
    return tokens[index].text if follows.kind == "mark" and follows.text in ("::", ":::") else ""


def _in_call(tokens: list[_Token], index: int, *, tried: bool) -> str:
    """`pkg` in `library(pkg)` and its kin."""
    name = tokens[index]
    if name.text in _TRYING and not tried:
        return ""
    if name.kind != "name" or name.text not in _ATTACHING | _NAMESPACE or _is_member(tokens, index):
        return ""
    arguments = _arguments(tokens, index + 1)
    package = _package_argument(arguments)
    if package is None or package.kind == "string":
        return package.text if package else ""
    literal = name.text in _ATTACHING and "character.only" not in arguments
    return package.text if literal and package.kind in ("name", "backtick") else ""


def _is_member(tokens: list[_Token], index: int) -> bool:
    return index > 0 and tokens[index - 1].kind == "mark" and tokens[index - 1].text in ("$", "@")


def _arguments(tokens: list[_Token], index: int) -> dict[str, list[_Token]]:
    """A call's arguments by name, or by position ("0", "1" …)."""
    if index >= len(tokens) or tokens[index].text != "(" or tokens[index].kind != "mark":
        return {}
    arguments: dict[str, list[_Token]] = {}
    current: list[_Token] = []
    depth = 0
    for token in tokens[index + 1 : index + _LONGEST_CALL]:
        mark = token.text if token.kind == "mark" else ""
        if depth == 0 and mark in (",", ")"):
            _file_argument(arguments, current)
            current = []
            if mark == ")":
                break
            continue
        depth += (mark in tuple("([{")) - (mark in tuple(")]}"))
        current.append(token)
    return arguments


def _file_argument(arguments: dict[str, list[_Token]], tokens: list[_Token]) -> None:
    if len(tokens) > 1 and tokens[1] == ("mark", "=", tokens[1].line):
        arguments[tokens[0].text] = tokens[2:]
    elif tokens:
        arguments[str(sum(name.isdigit() for name in arguments))] = tokens


def _package_argument(arguments: dict[str, list[_Token]]) -> _Token | None:
    """A literal, or None if the package is only known when the code runs."""
    tokens = arguments.get("package") or arguments.get("0") or []
    return tokens[0] if len(tokens) == 1 else None
