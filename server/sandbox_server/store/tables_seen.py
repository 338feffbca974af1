"""Storage of what was seen of apps, and told about them. As in `tables`: nothing but storage."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from sandbox_server.store.columns import UtcTime


class Metric(SQLModel, table=True):
    """What was measured of a deployment in one minute or one hour: counts only, nothing of what users saw or typed."""

    __tablename__: ClassVar[str] = "metric"
    __table_args__ = (UniqueConstraint("deployment_id", "scope", "span", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    deployment_id: int = Field(foreign_key="deployment.id", index=True)
    scope: str
    span: str
    """"minute", "hour", or "ever" for all that was measured."""
    at: datetime = Field(sa_column=Column(UtcTime, nullable=False, index=True))
    """Its beginning."""
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """A `domain.figures.Counts`, dumped."""


class Fault(SQLModel, table=True):
    """An R error that sessions met, by the place where it happened; how often, and when last. At most 100 for each
    deployment and scope."""

    __tablename__: ClassVar[str] = "fault"
    __table_args__ = (UniqueConstraint("deployment_id", "scope", "place", "kind"),)
    id: int | None = Field(default=None, primary_key=True)
    deployment_id: int = Field(foreign_key="deployment.id", index=True)
    scope: str
    place: str
    """Such as "output plot" or "observer app.R#12"."""
    kind: str = ""
    """The condition's class."""
    count: int = 0
    message: str = Field(default="", sa_column=Column(Text, nullable=False))
    """Only if the platform's own visit met it: users' values may stand in what users meet."""
    first_at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    last_at: datetime = Field(sa_column=Column(UtcTime, nullable=False))


class Visit(SQLModel, table=True):
    """The platform's own look at a release, every few minutes."""

    __tablename__: ClassVar[str] = "visit"
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="app.id", index=True)
    deployment_id: int = Field(foreign_key="deployment.id")
    release: int
    ok: bool
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    seconds: float = 0
    at: datetime = Field(sa_column=Column(UtcTime, nullable=False, index=True))


class Notice(SQLModel, table=True):
    """Something that an app's owner should know: open until it is settled, told once."""

    __tablename__: ClassVar[str] = "notice"
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="app.id", index=True)
    key: str
    """What it is about, such as "availability" or "branch feature-x"; at most one is open for each."""
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    hint: str = Field(default="", sa_column=Column(Text, nullable=False))
    """What to do or type next."""
    at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    settled_at: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    told_at: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    """When mail and webhook had it, if there are any."""
    told: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """By "mail" and "webhook", how far it got with telling: a `domain.telling.Progress`, dumped."""
    all_told: bool = Field(default=False, index=True)
    """Nothing is left to be told of it as it is now."""
