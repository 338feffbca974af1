"""Gates: what an app demands before users get a deployment. Pure rules."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from sandbox_server.domain import freeze, gate_keys
from sandbox_server.domain.names import nearest
from sandbox_server.domain.person import person
from sandbox_server.domain.running import STORED, Table, span_seconds
from sandbox_server.domain.telling import is_address
from sandbox_server.errors import BadConfig

Reviewer = Annotated[str, Field(min_length=2, max_length=254)]
Check = Literal["smoke"]

_GROUP = re.compile(r"@[a-z][a-z0-9-]{0,39}")
_HINT = "See docs/gates.md for what each of them takes."


class GatesConfig(Table):
    """What `[gates]` says. All gates must be open."""

    reviews: int = Field(
        default=0,
        ge=0,
        le=20,
        description="How many people must have accepted the deployment; none may have rejected it.",
    )
    reviewers: list[Reviewer] = Field(
        default=[],
        max_length=100,
        description='Whose reviews count: mail addresses, and groups as `"@qa"`. Default: everybody\'s.',
    )
    groups: dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")],
        Annotated[list[Reviewer], Field(max_length=200)],
    ] = Field(default={}, max_length=50, description="Mail addresses by the group's name.")
    identified: bool = Field(
        default=False,
        description="Whether reviewers must prove who they are, by a code that they get by mail or by logging in.",
    )
    author_may_review: bool = Field(
        default=False, description="Whether a review by whoever pushed the deployment counts."
    )
    max_age: Annotated[float | None, BeforeValidator(span_seconds)] = Field(
        default=None, description='How old reviews may be, such as "14d". Default: any age.'
    )
    checks: list[Check] = Field(
        default=[], max_length=10, description="Checks that must have passed: `smoke`."
    )
    freeze: list[Annotated[str, Field(max_length=100)]] = Field(
        default=[],
        max_length=50,
        description='When nothing is released, in the app\'s time zone: `"2026-12-20..2027-01-06"` (both days '
        'included) or, each week, `"Fri 16:00..Mon 08:00"`.',
    )
    max_commits: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="Most commits that one release may bring. Default: any number.",
    )

    @field_validator("max_age")
    @classmethod
    def _is_some_time(cls, seconds: float | None) -> float | None:
        if seconds == 0:
            raise ValueError('no review is that new; write such as "14d" or "36h"')
        return seconds

    @field_validator("freeze")
    @classmethod
    def _are_windows(cls, windows: list[str]) -> list[str]:
        for one in windows:
            freeze.parse(one)
        return windows

    @field_validator("reviewers")
    @classmethod
    def _are_people_or_groups(cls, reviewers: list[str]) -> list[str]:
        for one in reviewers:
            if not (is_address(one) or _GROUP.fullmatch(one)):
                raise ValueError(f'{one!r} is neither a mail address nor a group such as "@qa"')
        return reviewers

    @field_validator("groups")
    @classmethod
    def _are_of_people(cls, groups: dict[str, list[str]]) -> dict[str, list[str]]:
        for name, people in groups.items():
            if not people:
                raise ValueError(f"nobody is in the group {name!r}")
            for one in people:
                if not is_address(one):
                    raise ValueError(f"{one!r} in the group {name!r} is no mail address")
        return groups

    @model_validator(mode="after")
    def _can_be_met(self) -> "GatesConfig":
        for one in self.reviewers:
            if one.startswith("@") and one[1:] not in self.groups:
                raise ValueError(
                    f'`reviewers` names {one}, but nobody said who that is: write `{one[1:]} = ["name@example.org"]` '
                    "below `[gates.groups]`"
                )
        count = len(self.people)
        if self.reviewers and self.reviews > count:
            raise ValueError(
                f"`reviews` is {self.reviews}, but `reviewers` names {count} "
                f"{'person' if count == 1 else 'people'} only: "
                "no release could ever have so many"
            )
        return self

    @property
    def people(self) -> dict[str, str]:
        """The addresses of those whose reviews count, as written, by `person`; empty: everybody's do."""
        found: dict[str, str] = {}
        for one in self.reviewers:
            for mail in self.groups[one[1:]] if one.startswith("@") else [one]:
                found.setdefault(person(mail), mail)
        return found


def parse(values: Mapping[str, Any]) -> GatesConfig:
    """The table as people write it. Raises `BadConfig` with the key."""
    try:
        return GatesConfig.model_validate(dict(values))
    except ValidationError as error:
        raise BadConfig(" ".join(_sentence(detail) for detail in error.errors()[:3]), _HINT) from error


def stored(values: Mapping[str, Any]) -> GatesConfig:
    """The gates that were dumped as these values; there, spans are seconds already."""
    return GatesConfig.model_validate(dict(values), context=STORED)


def _sentence(detail: Mapping[str, Any]) -> str:
    loc = detail["loc"]
    key = gate_keys.place(loc)
    if detail["type"] == "extra_forbidden":
        near = nearest(str(loc[-1]), GatesConfig.model_fields)
        return f"There is no gate `{key}`" + (f"; did you mean `{near[0]}`?" if near else ".")
    said = gate_keys.said(loc, detail)
    return f"`{key}`: {said}." if key else f"{said[:1].upper()}{said[1:]}."
