"""What a reviewer sends, as what is asked of an operation. Words for people; the rules are those of `wire_review`."""

import json
from typing import Annotated, Any, Final

from fastapi import Depends, Form
from pydantic import ValidationError

from sandbox_server.domain import comment as rules
from sandbox_server.errors import BadRequest
from sandbox_server.wire import MOST
from sandbox_server.wire_review import AnswerRequest, CommentRequest, Place, Step, VerdictRequest

LONGEST: Final = 10_000
"""Characters of a comment, an answer, or a verdict's text."""

_APPS_OWN: Final = ("url", "scroll_x", "scroll_y", "inputs")
"""What the app in the frame says of itself; everything else of a place is told by our own page."""

Text = Annotated[str, Form()]
Version = Annotated[int, Form(ge=1, le=MOST)]


def comment_of(key: Text, text: Text = "", place: Text = "") -> CommentRequest:
    words = _text(text, "comment", needed=True)
    return CommentRequest(key=_key(key), text=words, place=_place(place))


def answer_of(key: Text, text: Text = "") -> AnswerRequest:
    return AnswerRequest(key=_key(key), text=_text(text, "answer", needed=True))


class VerdictForm:
    """A verdict as it was filled in; the steps are known to the server, the page says which were done."""

    def __init__(
        self,
        version: Version,
        seen: Annotated[int, Form(ge=0, le=MOST)],
        outcome: Text = "",
        name: Text = "",
        text: Text = "",
        code: Text = "",
        done: Annotated[list[int] | None, Form()] = None,
    ) -> None:
        self.version, self.seen, self.outcome = version, seen, outcome
        self.name, self.code, self.done = _line(name), "".join(code.split())[:20], frozenset(done or ())
        self.text = _text(text, "text")

    def request(self, steps: list[Step]) -> VerdictRequest:
        """Raises `BadRequest`."""
        if not self.outcome:
            raise BadRequest("Your verdict is missing.", "Choose one of the three: accept, or reject.")
        if not 1 <= len(self.name) <= 100:
            raise BadRequest(
                "Your name is too long." if self.name else "Your name is missing.",
                "Sign with your name, 100 characters at most.",
            )
        ticked = [Step(text=step.text, done=n in self.done) for n, step in enumerate(steps)]
        try:
            return VerdictRequest.model_validate(
                {
                    "deployment": self.version, "outcome": self.outcome, "name": self.name, "text": self.text,
                    "steps": [step.model_dump() for step in ticked], "code": self.code, "seen": self.seen,
                }
            )  # fmt: skip
        except ValidationError as error:
            raise BadRequest("The verdict was not filled in as expected.", "Fill it in again.") from error


CommentForm = Annotated[CommentRequest, Depends(comment_of)]
AnswerForm = Annotated[AnswerRequest, Depends(answer_of)]
FilledIn = Annotated[VerdictForm, Depends()]


def _text(given: str, what: str, *, needed: bool = False) -> str:
    """As a person typed it: forms send lines in their own way, and no database keeps a NUL. Raises `BadRequest`."""
    text = given.replace("\r\n", "\n").replace("\0", "").strip()
    if needed and not text:
        raise BadRequest(f"The {what} is empty.", "Write a few words.")
    if len(text) > LONGEST:
        raise BadRequest(
            f"The {what} has {len(text):,} characters; {LONGEST:,} are allowed.", "Keep to what matters most."
        )
    return text


def _line(given: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in given).split())


def _key(given: str) -> str:
    if not 16 <= len(given) <= 64 or set(given) - set("0123456789abcdef"):
        raise BadRequest("The form was not filled in as expected.", "Load the page again.")
    return given


def _place(given: str) -> Place | None:
    """What cannot be right is left out: an app that says nonsense must not keep a person from saying something."""
    try:
        told: Any = json.loads(given) if given else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    return _valid(told) or _valid({name: value for name, value in told.items() if name not in _APPS_OWN})


def _valid(told: dict[str, Any]) -> Place | None:
    try:
        place = Place.model_validate(told)
        rules.path_of(place.url)
        rules.inputs_of(place.inputs)
    except (ValidationError, BadRequest, RecursionError):
        return None
    return place
