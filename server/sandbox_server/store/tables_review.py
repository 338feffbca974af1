"""Storage of what people say of deployments, and of what is demanded before a release. As in `tables`."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from sandbox_server.store.columns import json_column, maybe_time_column, text_column, time_column


class Review(SQLModel, table=True):
    """One person is asked to try one branch of one app: what a link leads to."""

    __tablename__: ClassVar[str] = "review"
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="app.id", index=True)
    branch_id: int = Field(foreign_key="branch.id", index=True)
    deployment_id: int = Field(foreign_key="deployment.id")
    """The one that was there when it was asked for."""
    name: str
    email: str
    nonce: str
    """Random; signed with the rest, so that no two links are alike."""
    script: str = text_column()
    """What to try, as the publisher wrote it; empty: what the bundle says."""
    by: str
    created_at: datetime = time_column()
    expires_at: datetime = time_column()
    revoked_at: datetime | None = maybe_time_column()
    revoked_by: str = ""
    """Who took it back; empty, with a time: it went with its branch."""
    letter: dict[str, Any] = json_column()
    """How far its mail got: `state` ("waiting", "sent", "failed"), `since`, `at`, `why`; the same of the newest
    code, and of what whoever asked is told by mail, below `code`, `verdict` and `comments`."""
    code_at: datetime | None = maybe_time_column()
    """When the newest one-time code was made; the code follows from it and is kept nowhere."""
    code_tries: int = 0
    """Wrong answers to that code."""
    codes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """When the codes of the last hour were made, in ISO form."""


class Verdict(SQLModel, table=True):
    """Append-only: a person's verdict on one deployment, kept for ever. The newest of a person stands."""

    __tablename__: ClassVar[str] = "verdict"
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="app.id", index=True)
    deployment_id: int = Field(foreign_key="deployment.id", index=True)
    review_id: int = Field(foreign_key="review.id", index=True)
    outcome: str
    """"accepted", "remarks" (accepted with remarks) or "rejected"."""
    name: str
    """As the person signed."""
    email: str
    """Of the link."""
    user: str = ""
    """Who was logged in, if anybody."""
    identified: str = "link"
    """How it is known who signed: "link", "code" or "login"."""
    text: str = text_column()
    meaning: str = text_column()
    """What the signature means, as it stood on the page."""
    image: str
    """The image Id that was tried."""
    variables_at: int = 0
    """The newest variable row of that moment."""
    steps: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What there was to try: `text`, and whether it was `done`."""
    created_at: datetime = time_column()


class Comment(SQLModel, table=True):
    """What somebody says of a place in a deployment, or an answer to it. Open ones follow the branch."""

    __tablename__: ClassVar[str] = "comment"
    __table_args__ = (
        UniqueConstraint("review_id", "key"),
        # Rows are long: whatever is counted or looked for is found in an index, which names all that is asked.
        Index("comment_listed", "app_id", "parent_id", "id", "branch_id", "review_id"),
        Index("comment_open", "app_id", "parent_id", "resolved_at", "branch_id", "review_id", "id"),
        Index("comment_sent", "review_id", "created_at"),
        Index("comment_picture", "app_id", "picture"),
    )
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="app.id")
    branch_id: int = Field(foreign_key="branch.id")
    deployment_id: int = Field(foreign_key="deployment.id")
    """On which it was made."""
    review_id: int | None = Field(default=None, foreign_key="review.id")
    """The link by which it came; None from a publisher."""
    parent_id: int | None = Field(default=None, foreign_key="comment.id", index=True)
    """Of an answer: the comment."""
    key: str
    """Chosen at random by whoever sends it: sent twice, it is one comment."""
    name: str
    user: str = ""
    text: str = text_column()
    place: dict[str, Any] = json_column()
    """A `wire_review.Place`, dumped; empty if it is about no place."""
    picture: str = ""
    """Digest in `store.pictures`."""
    picture_state: str = "none"
    """"none", "waiting", "taken" by the platform, "given" by the reviewer, or "failed"."""
    picture_why: str = text_column()
    """Of a failed one; or what the picture lacks."""
    log: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The app's own lines of that minute, as `wire.LogLine`, dumped."""
    created_at: datetime = time_column()
    resolved_at: datetime | None = maybe_time_column()
    resolved_by: str = ""


class Gate(SQLModel, table=True):
    """Append-only: what an app demands before a release. The newest row of an app is in force."""

    __tablename__: ClassVar[str] = "gate"
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="app.id", index=True)
    gates: dict[str, Any] = json_column()
    """A `domain.gates.GatesConfig`, dumped."""
    deployment_id: int | None = Field(default=None, foreign_key="deployment.id")
    """Whose bundle proposed it; None if a person set it."""
    release: int | None = None
    """With which release it was adopted; None for an app's first proposal, and if a person set it."""
    by: str
    reason: str = text_column()
    created_at: datetime = time_column()
