"""NAME=VALUE lines, as in .env and .Renviron files."""

import re

from sandbox_cli.errors import Failure

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


def parse(text: str, source: str) -> dict[str, str]:
    """Empty lines and comments are passed over, one pair of quotes is taken off; `${…}` is not expanded."""
    values = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip().removeprefix("export ").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            # Never the line itself: it may well be a secret.
            raise Failure(
                f"Line {number} of {source} is not NAME=VALUE.",
                "Mend that line; nothing was set.",
                code="bad_file",
            )
        values[check_name(name.strip())] = _unquoted(value.strip())
    return values


def check_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise Failure(
            f"{name!r} cannot be a variable's name.",
            "Use letters, digits and underscores, starting with a letter.",
            code="bad_name",
        )
    return name


def _unquoted(value: str) -> str:
    quote = value[:1]
    if quote in ("'", '"') and (end := value.find(quote, 1)) > 0:
        return value[1:end]
    return re.split(r"\s#", value, maxsplit=1)[0].rstrip()
