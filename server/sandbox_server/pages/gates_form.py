"""Gates as a form has them, one thing a line. Pure; whether it can be so is for the operation to say."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Form
from pydantic import BaseModel, Field

from sandbox_server.wire_review import GatesRequest

_Lines = Annotated[str, Field(max_length=50_000)]
_Word = Annotated[str, Field(max_length=40)]


class _Gates(BaseModel):
    reviews: _Word = ""
    reviewers: _Lines = ""
    """A mail address or a group a line."""
    groups: _Lines = ""
    """ "qa: ann@example.com, ben@example.com" a line."""
    identified: bool = False
    author_may_review: bool = False
    max_age: _Word = ""
    smoke: bool = False
    freeze: _Lines = ""
    """A window a line."""
    max_commits: _Word = ""
    reason: str = Field(min_length=1, max_length=2000)


GatesForm = Annotated[_Gates, Form()]


def to_gates(form: _Gates) -> GatesRequest:
    """What is left empty is not demanded."""
    table: dict[str, Any] = {
        "reviews": _number(form.reviews),
        "reviewers": _listed(form.reviewers),
        "groups": _groups(form.groups),
        "identified": form.identified,
        "author_may_review": form.author_may_review,
        "max_age": form.max_age.strip(),
        "checks": ["smoke"] if form.smoke else [],
        "freeze": [line.strip() for line in form.freeze.splitlines() if line.strip()],
        "max_commits": _number(form.max_commits),
    }
    return GatesRequest(gates={name: value for name, value in table.items() if value}, reason=form.reason)


def filled(gates: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the fields for gates as sandbox.toml has them."""
    groups = gates.get("groups", {})
    return {
        "reviews": gates.get("reviews", ""),
        "reviewers": "\n".join(gates.get("reviewers", [])),
        "groups": "\n".join(f"{name}: {', '.join(people)}" for name, people in groups.items()),
        "identified": gates.get("identified", False),
        "author_may_review": gates.get("author_may_review", False),
        "max_age": gates.get("max_age", ""),
        "smoke": "smoke" in gates.get("checks", []),
        "freeze": "\n".join(gates.get("freeze", [])),
        "max_commits": gates.get("max_commits", ""),
    }


def _number(text: str) -> int | str:
    """Whatever is no number is left for whoever knows what it should have been."""
    text = text.strip()
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text


def _listed(text: str) -> list[str]:
    return [one for one in re.split(r"[\s,;]+", text) if one]


def _groups(text: str) -> dict[str, list[str]]:
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    return {name.strip().removeprefix("@"): _listed(people) for name, _, people in pairs}
