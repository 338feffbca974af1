"""What each key of `[gates]` takes, as people are told it who wrote something else. Pure."""

import json
from collections.abc import Mapping
from typing import Any

TABLE = "it is a table of gates: write `[gates]`, and below it such as `reviews = 1`"

_SPAN = 'it takes a span of time as text, such as `max_age = "14d"` or `"36h"`'
_ANSWER = "it takes `true` or `false`, without quotes"
_TAKES: Mapping[str, str] = {
    "reviews": "it takes a whole number from 0 to 20, without quotes, such as `reviews = 1`",
    "reviewers": "it takes a list of mail addresses and groups, 100 at most, "
    'such as `reviewers = ["@qa", "head@example.org"]`',
    "groups": "it is a table of 50 groups at most: write `[gates.groups]`, and below it such as "
    '`qa = ["rita@example.org", "omar@example.org"]`',
    "identified": _ANSWER,
    "author_may_review": _ANSWER,
    "max_age": _SPAN,
    "checks": 'it takes a list, and "smoke" is the only check: `checks = ["smoke"]`',
    "freeze": "it takes a list of 50 times at most, each as text of 100 characters at most: "
    '`freeze = ["2026-12-20..2027-01-06", "Fri 16:00..Mon 08:00"]`',
    "max_commits": "it takes a whole number from 1 to 10000, without quotes, such as `max_commits = 20`",
}
_GROUP = (
    "a group takes a list of mail addresses, 200 at most, such as "
    '`qa = ["rita@example.org", "omar@example.org"]`'
)
_GROUP_NAME = (
    "the name of a group has small letters, digits and - only, begins with a letter, and is 40 characters long "
    'at most, such as `qa`; `reviewers` names it as "@qa"'
)
_NAME = "[key]"
"""What pydantic adds to the place of a wrong name in a table."""
_LONGEST = 40
"""Characters of a value that is shown."""


def place(loc: tuple[str | int, ...]) -> str:
    """The key as people write it, such as `groups.qa`; empty: the table itself."""
    return ".".join(str(part) for part in loc if not isinstance(part, int) and part != _NAME)[:80]


def said(loc: tuple[str | int, ...], detail: Mapping[str, Any]) -> str:
    """What is wrong with the value of a key of `[gates]`; `loc` begins with that key."""
    message = str(detail["msg"])
    if detail["type"] == "value_error":
        return message.removeprefix("Value error, ").rstrip(".")
    if not loc:
        return TABLE
    if loc[-1] == _NAME:
        return _GROUP_NAME
    taken = _GROUP if loc[0] == "groups" and len(loc) > 1 else _TAKES[str(loc[0])]
    shown = _shown(detail.get("input"))
    return f"{taken}; here stands {shown}" if shown else taken


def _shown(value: object) -> str:
    """As it stood there, if that is short."""
    # A number of thousands of digits, which TOML takes in hexadecimal, cannot even be written down.
    if isinstance(value, dict | list) or (isinstance(value, int) and abs(value) >= 10**_LONGEST):
        return ""
    # What JSON does not know are days and times, which TOML has without quotes.
    known = isinstance(value, str | int | float)
    text = json.dumps(value, ensure_ascii=False) if known else f"{value} without quotes"
    return text if len(text) <= _LONGEST else ""
