"""The server's answers about reviews, for the type checker; a test holds them equal to the wire models."""

from typing import Any, TypedDict

from sandbox_cli.answers import LogLine


class Step(TypedDict):
    text: str
    done: bool


class Verdict(TypedDict):
    id: int
    app: str
    branch: str
    deployment: int
    outcome: str
    name: str
    email: str
    user: str
    identified: str
    text: str
    meaning: str
    image: str
    steps: list[Step]
    review: int
    link_revoked_at: str | None
    at: str
    stands: bool
    ignored: str


class Review(TypedDict):
    id: int
    app: str
    branch: str
    deployment: int
    name: str
    email: str
    url: str
    page: str
    by: str
    created_at: str
    expires: str
    state: str
    mail: str
    mail_why: str
    verdicts: list[Verdict]
    open_comments: int


class Place(TypedDict):
    url: str
    width: int
    height: int
    scroll_x: float
    scroll_y: float
    x: float | None
    y: float | None
    inputs: dict[str, Any]


class Answer(TypedDict):
    id: int
    name: str
    user: str
    text: str
    at: str


class Comment(TypedDict):
    id: int
    app: str
    branch: str
    deployment: int
    review: int | None
    name: str
    user: str
    text: str
    place: Place | None
    picture: str
    picture_state: str
    picture_why: str
    answers: list[Answer]
    answered: int
    at: str
    resolved_at: str | None
    resolved_by: str
    page: str


class CommentDetail(Comment):
    log: list[LogLine]


class Comments(TypedDict):
    comments: list[Comment]
    open: int
    next: int | None


class Missing(TypedDict):
    gate: str
    message: str
    hint: str


class Met(TypedDict):
    gate: str
    message: str


class Gates(TypedDict):
    app: str
    gates: dict[str, Any]
    words: list[str]
    since: str | None
    by: str
    why: str
    notes: list[str]


class GateReport(TypedDict):
    app: str
    deployment: int
    open: bool
    missing: list[Missing]
    met: list[Met]
    proposal: list[str]
    may_override: bool
    notes: list[str]


class Batch(TypedDict):
    commits: int | None
    lines: int | None
    files: int | None
    days: float | None


class Preview(TypedDict):
    batch: Batch
    usual: Batch | None
    unreviewed: list[str]
    sessions: int | None
    gates: GateReport
    verdicts: list[Verdict]
    mark: str
