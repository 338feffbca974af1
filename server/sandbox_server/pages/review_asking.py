"""What publishers fill in to ask somebody for a review, as what is asked of the operation. Pure functions."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Form
from pydantic import BaseModel, Field, ValidationError

from sandbox_server.errors import BadRequest
from sandbox_server.wire_review import ReviewRequest, Step

SPANS: Final = (
    ("1d", "1 day"),
    ("3d", "3 days"),
    ("7d", "7 days"),
    ("14d", "14 days"),
    ("30d", "30 days"),
    ("90d", "90 days"),
)


class Asking(BaseModel):
    """One person, one branch."""

    branch: str = Field(default="", max_length=255)
    name: str = Field(default="", max_length=1000)
    email: str = Field(default="", max_length=1000)
    expires: str = Field(default="7d", max_length=20)
    script: str = ""
    prefilled: str = ""
    """What the bundle says, as the form had it."""


AskingForm = Annotated[Asking, Form()]


def to_request(form: Asking) -> ReviewRequest:
    """A script that was left as it was is not kept: the bundle's own goes on to hold. Raises `BadRequest`."""
    script = _lines(form.script)
    try:
        return ReviewRequest(
            branch=form.branch,
            name=form.name,
            email=form.email,
            expires=form.expires,
            script="" if script == _lines(form.prefilled) else script,
        )
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise BadRequest(
            f"{_WORDS[field]} is missing or too long.", "Fill it in, and send the form again."
        ) from None


def as_script(steps: Sequence[Step]) -> str:
    return "\n".join(f"- {step.text}" for step in steps)


_WORDS: Final = {
    "branch": "The branch",
    "name": "The name",
    "email": "The mail address",
    "expires": "The time",
    "script": "What to try",
}


def _lines(text: str) -> str:
    """Forms send lines in a way of their own."""
    return text.replace("\r\n", "\n").strip()
