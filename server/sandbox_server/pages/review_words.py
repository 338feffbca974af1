"""How reviews and comments are written for people, and put together for a page. Pure; time is an argument."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from sandbox_server.domain.signature import WORDS
from sandbox_server.operations.opinions import Opinion
from sandbox_server.pages.words import count_of, names
from sandbox_server.wire import Branch, Deployment
from sandbox_server.wire_review import Comment, Place, Review, Verdict

OUTCOMES = {"accepted": "accepted", "remarks": "accepted with remarks", "rejected": "rejected"}
_SHAPES = {"accepted": "ready", "remarks": "trouble", "rejected": "failed"}
_TONES = {"remarks": "remarks"}
"""Where the colour is not the shape's own."""
_LONG = 120
"""Characters of an input's value that are shown at once."""


@dataclass(frozen=True)
class Label:
    """One line about a branch: a shape and words."""

    shape: str
    words: str
    tone: str = ""
    """Of its colour; empty: the shape's own."""


@dataclass(frozen=True)
class BranchReviews:
    """Everybody who was asked to try a branch, and what is open there."""

    branch: str
    shown: Deployment | None
    """What the branch shows now; None: nothing works there, or the branch was removed."""
    opinion: Opinion
    links: list[Review]
    """That still work, newest first."""
    past: list[Review]
    """Expired or revoked, newest first."""
    comments: list[Comment]
    """Open ones, newest first, and not all of them."""


@dataclass(frozen=True)
class Input:
    """The value of an input as one line."""

    name: str
    value: str

    @property
    def long(self) -> bool:
        return len(self.value) > _LONG

    @property
    def begin(self) -> str:
        return self.value[:_LONG]


def labels_of(opinion: Opinion) -> list[Label]:
    """What to know before anything else: "accepted by Ann", "2 open comments". Nothing if nobody was asked."""
    labels = [
        Label(_SHAPES[outcome], f"{WORDS[outcome]} by {names(people)}", _TONES.get(outcome, ""))
        for outcome, people in (
            ("rejected", opinion.rejected),
            ("remarks", opinion.remarks),
            ("accepted", opinion.accepted),
        )
        if people
    ]
    if opinion.ignored:
        labels.append(Label("queued", f"not counted: {names(opinion.ignored)}"))
    if opinion.waiting:
        labels.append(Label("queued", f"waiting for {names(opinion.waiting)}"))
    if opinion.open_comments:
        labels.append(Label("comment", f"{count_of(opinion.open_comments, 'open comment')}"))
    return labels


def by_branch(
    branches: Sequence[Branch],
    opinions: Mapping[str, Opinion],
    links: Iterable[Review],
    comments: Iterable[Comment],
) -> list[BranchReviews]:
    """The branches of which somebody was asked or said something, newest request first."""
    links, comments = list(links), list(comments)
    shown = {branch.branch: branch.current for branch in branches}
    found = dict.fromkeys([*(one.branch for one in links), *(one.branch for one in comments), *opinions])
    return [
        BranchReviews(
            name,
            shown.get(name),
            opinions.get(name, Opinion()),
            [one for one in links if one.branch == name and one.state == "open"],
            [one for one in links if one.branch == name and one.state != "open"],
            [one for one in comments if one.branch == name],
        )
        for name in found
    ]


def verdict_on(review: Review, shown: Deployment | None) -> Verdict | None:
    """This link's newest verdict on what the branch shows now."""
    number = shown.deployment if shown else None
    return next((one for one in review.verdicts if one.deployment == number), None)


def earlier(review: Review, shown: Deployment | None) -> Verdict | None:
    """This link's newest verdict on something that the branch does not show any more."""
    number = shown.deployment if shown else None
    return next((one for one in review.verdicts if one.deployment != number), None)


def outcome(verdict: Verdict) -> Label:
    return Label(_SHAPES[verdict.outcome], WORDS[verdict.outcome], _TONES.get(verdict.outcome, ""))


def known_by(verdict: Verdict) -> str:
    """How it is known who signed."""
    if verdict.identified == "login":
        return f"logged in as {verdict.user}"
    return "by a code sent to that address" if verdict.identified == "code" else "by the link alone"


def inputs(place: Place | None) -> list[Input]:
    return [Input(name, _line(value)) for name, value in sorted(place.inputs.items())] if place else []


def url_in(permalink: str, place: Place | None) -> str:
    """The page that was commented, in the deployment of this permanent URL and nowhere else."""
    path = place.url.lstrip("/\\") if place else ""
    return f"{permalink.rstrip('/')}/{path}"


def picture_words(comment: Comment) -> str:
    """What a picture shows, for those who do not see it."""
    place, whose = comment.place, f"d{comment.deployment} as {comment.name} had it"
    if place is None or place.x is None or place.y is None:
        return f"Picture of {whose}."
    across = _third(place.x / place.width, ("left", "middle", "right"))
    down = _third(place.y / place.height, ("top", "middle", "bottom"))
    spot = across if down == across else f"{down} {across}"
    point = f"{place.x:.0f}, {place.y:.0f} of {place.width} by {place.height}"
    return f"Picture of {whose}; the point meant is at the {spot}: {point}."


def ask_again(review: Review) -> str:
    """The address of the form, filled in for the same person."""
    return f"/apps/{review.app}/reviews/new?" + urlencode(
        {"branch": review.branch, "name": review.name, "email": review.email}
    )


def _third(share: float, words: tuple[str, str, str]) -> str:
    return words[min(max(int(share * 3), 0), 2)]


def _line(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "labels_of": labels_of,
    "verdict_on": verdict_on,
    "earlier_verdict": earlier,
    "outcome": outcome,
    "known_by": known_by,
    "inputs": inputs,
    "picture_words": picture_words,
    "ask_again": ask_again,
}
