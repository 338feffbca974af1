"""The way out, where a company has only one: what builders are told of it while they run."""

import shlex
from collections.abc import Mapping

_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Proxy variables in capitals and in small letters: apt reads only these, others only those."""
    found: dict[str, str] = {}
    for name in _NAMES:
        if value := environment.get(name) or environment.get(name.lower()):
            found |= {name: value, name.lower(): value}
    return found


def exports(environment: Mapping[str, str]) -> str:
    """The same as lines that a shell can read: never an argument, never a part of an image."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())
