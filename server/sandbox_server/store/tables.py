"""Storage, and nothing else: these rows never leave the server. Validation is in `wire` and `domain`.

Enumerations are stored by value, as strings; times are UTC.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from sandbox_server.store.columns import (
    json_column,
    maybe_time_column,
    size_column,
    text_column,
    time_column,
)


class User(SQLModel, table=True):
    __tablename__: ClassVar[str] = "user"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    admin: bool = False
    email: str = ""
    """Nobody's review of an own deployment counts; by this it is known that a link was the author's."""
    created_at: datetime = time_column()


class Credential(SQLModel, table=True):
    """A token, a login session or a one-time login link: all are secrets known by their hash."""

    __tablename__: ClassVar[str] = "credential"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="user.id", index=True)
    kind: str
    name: str = ""
    hash: str = Field(unique=True)
    token_id: int | None = Field(default=None, foreign_key="credential.id", ondelete="CASCADE")
    """Of a session or a link: the token that it came from, and with which it goes."""
    created_at: datetime = time_column()
    expires_at: datetime | None = maybe_time_column()
    used_at: datetime | None = maybe_time_column()


class App(SQLModel, table=True):
    __tablename__: ClassVar[str] = "app"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    title: str = ""
    deployments: int = 0
    """How many numbers were given out; they are never reused."""
    releases: int = 0
    created_by: str
    created_at: datetime = time_column()
    removed_at: datetime | None = maybe_time_column()
    used_at: datetime | None = maybe_time_column()
    """When its release was last seen in use, to the minute; only of apps whose release may sleep."""
    asleep_since: datetime | None = maybe_time_column()
    """Its release sleeps since then, unless one was made later."""


class Branch(SQLModel, table=True):
    """A branch's place: its sandbox."""

    __tablename__: ClassVar[str] = "branch"
    __table_args__ = (UniqueConstraint("app_id", "name"), UniqueConstraint("app_id", "label"))
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="app.id", index=True)
    name: str
    label: str
    current_id: int | None = None
    """The deployment that its URL shows."""
    created_at: datetime = time_column()
    removed_at: datetime | None = maybe_time_column()
    touched_at: datetime | None = maybe_time_column()
    """When somebody last pushed to it or used its sandbox, to the hour."""
    gone_since: datetime | None = maybe_time_column()
    """When a publisher's repository first had no such branch any more, or had it merged."""
    gone_why: str = ""
    """"merged" or "deleted"."""
    warned_at: datetime | None = maybe_time_column()
    """When its removal was announced."""


class Deployment(SQLModel, table=True):
    __tablename__: ClassVar[str] = "deployment"
    __table_args__ = (UniqueConstraint("app_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="app.id", index=True)
    branch_id: int = Field(foreign_key="branch.id", index=True)
    number: int
    status: str = Field(index=True)
    version: int = 1
    phase: str = ""
    bundle: str
    bundle_size: int = size_column()
    config: dict[str, Any] = json_column()
    """sandbox.toml as it was accepted."""
    kind: str = "shiny"
    entry: str = "app.R"
    """The file or folder that starts it."""
    why: str = text_column()
    """Why it is taken for this kind."""
    bookmarks: bool = False
    """Whether it keeps its users' bookmarks on the server: then its instances have a volume."""
    origin: str = ""
    """Where its packages are declared: "renv.lock", "code"…; empty until it was built."""
    r_version: str = ""
    """Of the base that it was built on."""
    drift: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Where the library is not what the lock says: "rlang 1.1.5 instead of 1.1.3"."""
    notices: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What a person should know of the build."""
    inventory: str = ""
    """Digest of its package list in `store.inventories`; empty until it was built."""
    packages: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Names of those that the app itself asks for."""
    git_commit: str = ""
    message: str = ""
    commits: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    dirty: bool = False
    note: str = text_column()
    author: str
    image: str | None = None
    library: str = ""
    """The image Id of the library below it; empty until it was built."""
    smoke: dict[str, Any] = json_column()
    seconds: dict[str, float] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    error: dict[str, Any] = json_column()
    created_at: datetime = time_column()
    ready_at: datetime | None = maybe_time_column()
    replaced_at: datetime | None = maybe_time_column()
    """When its branch's URL moved on to a newer one."""
    used_at: datetime | None = maybe_time_column()
    """When its sandbox was last seen in use, to the minute."""


class Output(SQLModel, table=True):
    """Append-only: what a run rendered from a static document. The newest of a deployment, scope and spec is shown."""

    __tablename__: ClassVar[str] = "output"
    id: int | None = Field(default=None, primary_key=True)
    deployment_id: int = Field(foreign_key="deployment.id", index=True)
    scope: str
    spec_hash: str
    """Image, variables and limits with which it was rendered."""
    parameters: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    digest: str
    """SHA-256 of the archive in `store.outputs`."""
    size: int = size_column()
    """Bytes."""
    seconds: float = 0
    by: str
    created_at: datetime = time_column()


class Release(SQLModel, table=True):
    """Append-only; the newest of an app is in force."""

    __tablename__: ClassVar[str] = "release"
    __table_args__ = (UniqueConstraint("app_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="app.id", index=True)
    number: int
    deployment_id: int = Field(foreign_key="deployment.id")
    image: str
    spec_hash: str
    """Of the instances that carry its traffic."""
    variables_at: int = 0
    """The newest variable row that counts for this release."""
    returns_to: int | None = None
    """For a rollback: the number of the release that it brings back."""
    job_id: int | None = Field(default=None, unique=True)
    """The job that made it: told again after a kill, it makes no second one."""
    smoke: dict[str, Any] = json_column()
    """What the visit before the switch saw, with the release's variables."""
    output_id: int | None = Field(default=None, foreign_key="output.id")
    """Of a static document: what was rendered for it."""
    share: int = 100
    """Percent of the visitors who get it from now on. Below 100 it is a candidate, and `base` has the others; a
    candidate that is given up leaves a row with 0."""
    base: int | None = None
    """Of a candidate's row: the number of the full release that has the other visitors."""
    plan: dict[str, Any] = json_column()
    """Of a candidate: `steps` still to come as [[percent, seconds], …] and the `seconds` of this one."""
    override: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What gates missed when somebody released it all the same."""
    kind: str
    by: str
    reason: str = text_column()
    created_at: datetime = time_column()


class Variable(SQLModel, table=True):
    """Append-only; the newest row of a name counts. Without a ciphertext it says that the name was removed."""

    __tablename__: ClassVar[str] = "variable"
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="app.id", index=True)
    scope: str
    branch: str | None = None
    name: str
    ciphertext: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    by: str
    created_at: datetime = time_column()


class Instance(SQLModel, table=True):
    """One container, and its lease of a server in a slot and of an address. Ended rows hold no lease."""

    __tablename__: ClassVar[str] = "instance"
    __table_args__ = (UniqueConstraint("slot", "server"),)
    id: int | None = Field(default=None, primary_key=True)
    app_id: int = Field(foreign_key="app.id", index=True)
    deployment_id: int = Field(foreign_key="deployment.id", index=True)
    scope: str
    spec_hash: str
    variables_at: int = 0
    name: str = Field(unique=True)
    worker: str
    """The random id `w` that leads sessions back to this instance."""
    slot: int | None = None
    server: int | None = None
    address: str | None = Field(default=None, unique=True)
    state: str = Field(index=True)
    visit_pin: str = ""
    """While the checking browser looks at a candidate: the one-time pin that reaches it."""
    visited: bool = False
    """A real session came up on it."""
    output_id: int | None = Field(default=None, foreign_key="output.id")
    """Of a static document: the output that it shows, as soon as that is kept."""
    rendering: dict[str, Any] = json_column()
    """While it renders its own: `parameters`, who asked for it as `by`, and at last the `seconds`."""
    created_at: datetime = time_column()
    drains_since: datetime | None = maybe_time_column()
    drains_why: str = ""
    """A `domain.instance.Leaving`."""
    drain_until: datetime | None = maybe_time_column()
    """Somebody asked for its end: then it goes, whoever is on it."""
    move_at: datetime | None = maybe_time_column()
    """The people left on it were told; then their pages are loaded anew."""
    counted: dict[str, Any] = json_column()
    """How far its runner's reports are in the figures already: a `domain.tally.Counted`, dumped."""
    ended_at: datetime | None = maybe_time_column()


class Job(SQLModel, table=True):
    __tablename__: ClassVar[str] = "job"
    __table_args__ = (Index("job_open", "status", "run_after"),)
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    target: str = Field(index=True)
    payload: dict[str, Any] = json_column()
    status: str
    by: str
    run_after: datetime = time_column()
    attempts: int = 0
    lease: str | None = None
    leased_until: datetime | None = maybe_time_column()
    cancelled: bool = False
    progress: str = ""
    result: dict[str, Any] = json_column()
    error: dict[str, Any] = json_column()
    version: int = 1
    created_at: datetime = time_column()
    finished_at: datetime | None = maybe_time_column()


class Event(SQLModel, table=True):
    """History, audit and source of notices. Each row's hash covers the row before."""

    __tablename__: ClassVar[str] = "event"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = time_column(index=True)
    by: str
    action: str
    app: str = Field(default="", index=True)
    subject: str = ""
    old: str = ""
    new: str = ""
    reason: str = text_column()
    hash: str


class Counter(SQLModel, table=True):
    """A number that only grows."""

    __tablename__: ClassVar[str] = "counter"
    name: str = Field(primary_key=True)
    value: int = 0


class Warm(SQLModel, table=True):
    """A container that has R and a library loaded and waits for code. Its address moves to the instance it becomes."""

    __tablename__: ClassVar[str] = "warm"
    id: int | None = Field(default=None, primary_key=True)
    library: str = Field(index=True)
    """The image Id of the library that it has loaded."""
    image: str
    """The image Id that it was started from: the library, and our own files of that time."""
    packages: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    memory: int = Field(sa_type=BigInteger)
    """Bytes that an app gets that claims it."""
    cpus: float
    name: str = Field(unique=True)
    address: str = Field(unique=True)
    state: str = "starting"
    """"starting", "ready", "claimed" or "leaving": nobody takes it twice."""
    created_at: datetime = time_column()
