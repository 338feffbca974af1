"""What a verdict says and means, and which ones stand. Pure."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from sandbox_server.wire_review import Outcome

WORDS: Mapping[str, str] = {
    "accepted": "accepted",
    "remarks": "accepted with remarks",
    "rejected": "rejected",
}


class Signed(Protocol):
    """What these rules need of a verdict."""

    id: int | None
    deployment_id: int
    email: str


def meaning(outcome: Outcome, number: int, title: str) -> str:
    """The sentence that a person signs, of the deployment of this number; it is on the page and in the row."""
    tried = f"I have tried test version {number} of {title}"
    if outcome == "rejected":
        return f"{tried} and reject it: it must not go live as it is."
    remarks = ", with the remarks that I made" if outcome == "remarks" else ""
    return f"{tried} and accept that it goes live{remarks}."


def standing(verdicts: Iterable[Signed]) -> set[int]:
    """Ids of those that are a person's newest on their deployment. A person is known by the link's mail address."""
    newest: dict[tuple[int, str], int] = {}
    for one in verdicts:
        key = one.deployment_id, one.email.casefold()
        newest[key] = max(newest.get(key, 0), one.id or 0)
    return set(newest.values())
