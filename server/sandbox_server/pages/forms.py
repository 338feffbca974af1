"""What people choose in forms, as what is asked of an operation. Pure functions."""

from typing import Annotated, Literal

from fastapi import Form
from pydantic import BaseModel, Field

from sandbox_server.wire import MOST, ReleaseRequest, RollbackRequest
from sandbox_server.wire_sessions import DrainRequest, Scope

How = Literal["all", "share", "steps"]
Percent = Annotated[int, Field(ge=0, le=100)]
Minutes = Annotated[int, Field(ge=1, le=1440)]


class _Form(BaseModel):
    seen: int = Field(ge=0, le=MOST)
    reason: str = Field(default="", max_length=2000)


class _Promote(_Form):
    how: How = "all"
    percent: Percent = 10
    first: Percent = 10
    first_minutes: Minutes = 10
    second: Percent = 50
    second_minutes: Minutes = 10
    replace: bool = False
    override: bool = False
    read: str = Field(default="", max_length=64)


class _Rollback(_Form):
    to: int = Field(ge=0, le=MOST)
    move: bool = False
    minutes: Minutes = 10


class _Drain(BaseModel):
    deadline: Literal["now", "10m", "30m", "2h", "24h"]
    scope: Scope
    reason: str = Field(default="", max_length=2000)


PromoteForm = Annotated[_Promote, Form()]
RollbackForm = Annotated[_Rollback, Form()]
DrainForm = Annotated[_Drain, Form()]
ScopeField = Annotated[Scope, Form()]


def to_promote(form: _Promote, deployment: int) -> ReleaseRequest:
    steps = f"{form.first}@{form.first_minutes}m,{form.second}@{form.second_minutes}m"
    return ReleaseRequest(
        deployment=deployment,
        seen=form.seen,
        reason=form.reason,
        replace=form.replace,
        override=form.override,
        read=form.read,
        percent=form.percent if form.how == "share" else None,
        canary=steps if form.how == "steps" else None,
    )


def to_roll_back(form: _Rollback) -> RollbackRequest:
    """Without a release to return to it is the candidate that is taken back."""
    move = f"{form.minutes}m" if form.move else ""
    return RollbackRequest(seen=form.seen, to=form.to or None, move=move, reason=form.reason)


def to_drain(form: _Drain) -> DrainRequest:
    now = form.deadline == "now"
    return DrainRequest(deadline="" if now else form.deadline, now=now, scope=form.scope, reason=form.reason)
