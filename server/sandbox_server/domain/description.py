"""DESCRIPTION files: what a package, or an app that is written as one, says of itself."""

import re
from collections.abc import Mapping

from sandbox_server.domain.catalogue import Need
from sandbox_server.domain.scan import BASE_R

_FIELD = re.compile(r"(?P<name>[!-9;-~]{1,200})[ \t]*:[ \t]*(?P<value>.*)")
_ENTRY = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9.]*)\s*(?:\(\s*(?P<relation>[<>=!]+)\s*(?P<version>[^()\s]+)\s*\))?"
)
_NEEDED = ("Depends", "Imports", "LinkingTo")


def parse_dcf(text: str) -> dict[str, str]:
    """The first record of Debian's control format. Lines that continue a field are joined by newlines.

    What is no field is left out; of a field that is there twice the first counts.
    """
    fields: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if not line.strip():
            if fields:
                break
        elif line[0] in " \t":
            current.append(line.strip())
        elif match := _FIELD.fullmatch(line):
            current = [match["value"].strip()]
            fields.setdefault(match["name"], current)
    return {name: "\n".join(lines).strip() for name, lines in fields.items()}


def needs_of(fields: Mapping[str, str]) -> tuple[Need, ...]:
    """What has to be installed before it: Depends, Imports and LinkingTo, without R and its own packages."""
    found: dict[str, Need] = {}
    for field in _NEEDED:
        for need in entries(fields.get(field, "")):
            if need.name != "R" and need.name not in BASE_R:
                before = found.get(need.name)
                found[need.name] = need if before is None or not before.at_least else before
    return tuple(found.values())


def needed_r(fields: Mapping[str, str]) -> str:
    """R's version in `Depends: R (>= 4.1)`; empty if it names none."""
    return next((need.at_least for need in entries(fields.get("Depends", "")) if need.name == "R"), "")


def entries(value: str) -> list[Need]:
    """The packages of one field, in its order; other words than `>=`, `>` and `==` set no lowest version."""
    found: list[Need] = []
    for entry in value.split(",")[:2000]:
        if match := _ENTRY.fullmatch(entry.strip()):
            lowest = match["relation"] in (">=", ">", "==", "=")
            found.append(Need(match["name"], match["version"] if lowest else ""))
    return found
