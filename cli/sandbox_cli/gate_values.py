"""Gates as people type them: `reviews=1`, `reviewers=@qa,head@example.org`, `max_age=14d`."""

from collections.abc import Sequence
from typing import Any

from sandbox_cli.errors import WrongUse

LISTS = ("reviewers", "checks", "freeze")
GROUP = "groups."

_HELP = "Such as `--set reviews=1`, `--set identified=true`, `--set reviewers=@qa,head@example.org`."


def changed(gates: dict[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """The table with what was typed; an empty value takes a gate away. What a gate takes, the server knows."""
    table = {key: dict(value) if key == "groups" else value for key, value in gates.items()}
    for word in words:
        key, equals, text = word.partition("=")
        key, text = key.strip(), text.strip()
        if not key or not equals:
            raise WrongUse(f"{word!r} is not of the form GATE=VALUE.", _HELP)
        if key.startswith(GROUP):
            groups = table.setdefault("groups", {})
            _put(groups, key.removeprefix(GROUP), _parts(text))
            table = table if groups else {k: v for k, v in table.items() if k != "groups"}
        else:
            _put(table, key, _value(key, text))
    return table


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    if value in ("", []):
        table.pop(key, None)
    else:
        table[key] = value


def _value(key: str, text: str) -> Any:
    if key in LISTS:
        return _parts(text)
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _parts(text: str) -> list[str]:
    """At commas; brackets and quotes as in TOML may be there."""
    inner = text.removeprefix("[").removesuffix("]")
    return [part.strip().strip("\"'") for part in inner.split(",") if part.strip()]
