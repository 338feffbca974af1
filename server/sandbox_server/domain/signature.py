"""What a verdict says and means, and which ones stand. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from sandbox_server.domain.person import person
from sandbox_server.wire_review import Outcome

WORDS: Mapping[str, str] = {
    "accepted": "accepted",
    "remarks": "accepted with remarks",
    "rejected": "rejected",
}


class VerdictRow(Protocol):
    """What these rules need of a verdict."""

    @property
    def id(self) -> int | None: ...
    @property
    def deployment_id(self) -> int: ...
    @property
    def email(self) -> str: ...


S = TypeVar("S", bound=VerdictRow)


def meaning(outcome: Outcome, number: int, title: str) -> str:
    """The sentence that a person signs, of the deployment of this number; it is on the page and in the row."""
    tried = f"I have tried test version {number} of {title}"
    if outcome == "rejected":
        return f"{tried} and reject it: it must not go live as it is."
    remarks = ", with the remarks that I made" if outcome == "remarks" else ""
    return f"{tried} and accept that it goes live{remarks}."


def newest(verdicts: Iterable[S], counts: Callable[[S], bool] = lambda _: True) -> list[S]:
    """Of each person's verdicts on each deployment the one that stands, newest first.

    A person is known by the link's mail address. Only what counts can take the place of what counts.
    """
    found: dict[tuple[int, str], S] = {}
    for one in sorted(verdicts, key=lambda one: one.id or 0, reverse=True):
        key = one.deployment_id, person(one.email)
        if key not in found or (counts(one) and not counts(found[key])):
            found[key] = one
    return sorted(found.values(), key=lambda one: one.id or 0, reverse=True)
