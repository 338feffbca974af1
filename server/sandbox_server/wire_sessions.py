"""What goes over the wire about sessions: drains, figures, availability, notices, and the watch over a release."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from sandbox_server.wire import Request, Wire

Scope = Literal["sandbox", "release"]


class DrainRequest(Request):
    """End a deployment's instances although people are on them; new visitors are not led there any more."""

    deadline: str = Field(default="", max_length=20)
    """Such as "30m": until then people may finish, and their pages say so. Empty: the app's own, as after a release."""
    now: bool = False
    """At once."""
    cancel: bool = False
    """Nobody is cut after all."""
    scope: Scope | None = None
    """None: both."""
    reason: str = Field(default="", max_length=2000)


class Draining(Wire):
    """An instance that gets nobody new and lives until its last session ends."""

    app: str
    deployment: int
    scope: Scope
    instance: str
    sessions: int | None
    """None: cannot be read just now, so it stays."""
    since: datetime
    until: datetime | None
    """None: nobody is ever cut."""
    asked: bool = False
    """Somebody asked for its end."""
    why: str = ""
    """In words, such as "does not answer"."""
    moves_at: datetime | None = None
    """Its pages are loaded anew then."""


class Running(Wire):
    """One instance that lives."""

    app: str
    deployment: int
    scope: Scope
    instance: str
    state: Literal["starting", "up", "hung", "draining", "stopping"]
    words: str = ""
    """What is unusual: "has not answered for 70 s"."""
    sessions: int | None
    """None: cannot be read just now."""
    memory: int | None
    """Bytes."""
    since: datetime


class Point(Wire):
    """One minute or one hour."""

    at: datetime
    sessions: int
    """Most at once."""
    started: int
    failed: int
    """Sessions that met their first error."""
    errors: int
    p50: float | None
    """Seconds to the first flush."""
    p95: float | None
    requests: int
    refused: int
    """Answers of 500 and above."""
    crashes: int
    memory: int
    busy: float
    """Share of the time in which R computed, 0 to 1 for each instance."""


class Fault(Wire):
    """R errors at one place."""

    deployment: int
    scope: Scope
    place: str
    """Such as "output plot" or "observer app.R#12"."""
    kind: str
    """The condition's class."""
    count: int
    """How often users met it; 0 if only the platform's own visits did."""
    message: str
    """Only of the platform's own visits."""
    first_at: datetime
    last_at: datetime
    log: str
    """Page with the log lines of that minute."""


class Figures(Wire):
    app: str
    deployment: int | None
    """None: the app's release, whichever deployments had it."""
    scope: Scope
    span: Literal["minute", "hour"]
    points: list[Point]
    """Oldest first; spans in which nothing happened are left out."""
    total: Point
    faults: list[Fault] = Field(default=[])


class Visited(Wire):
    """The platform's own look at a release."""

    at: datetime
    release: int
    deployment: int
    ok: bool
    reason: str
    seconds: float


class Day(Wire):
    """The platform's visits of one day (UTC)."""

    at: datetime
    visits: int
    failed: int


class Availability(Wire):
    app: str
    percent: float | None
    """Of the last 30 days, by the platform's own visits; None: none yet."""
    promised: float | None
    """Percent that the app's `sla` names."""
    sla: str
    visits: int
    last: Visited | None
    troubles: list[Visited] = Field(default=[])
    """The newest visits that failed."""
    days: list[Day] = Field(default=[])
    """Oldest first, of the last 30 days; days without a visit are left out."""


class Notice(Wire):
    """Something that the owner should know."""

    app: str
    key: str
    text: str
    hint: str
    at: datetime
    settled_at: datetime | None
    told_at: datetime | None


class Side(Wire):
    """One of two deployments that are compared."""

    deployment: int
    release: int
    sessions: int
    """That began in the compared time."""
    failed: int
    errors: int
    p95: float | None
    crashes: int
    open: int | None = None
    """Sessions just now."""


class Watch(Wire):
    """How a new release does, beside the one before."""

    app: str
    state: Literal["none", "canary", "watching", "passed", "aborted", "rolled_back", "troubled"]
    words: str
    """One sentence: what is happening and why, such as "Too few sessions to judge: 4 of 20."."""
    share: int = 100
    """Percent of visitors who get the newer one."""
    newer: Side | None = None
    older: Side | None = None
    since: datetime | None = None
    until: datetime | None = None
    """When the present step, or the watch, is over."""
    steps: list[tuple[int, float]] = Field(default=[])
    """Percent and seconds of those still to come."""
    version: int = 0
    """Changes with every change; give it back as `seen` to wait for the next one."""


class BranchesSeen(Request):
    """What a publisher's repository knows, so that sandboxes of branches that are gone can be removed."""

    branch: str = Field(min_length=1, max_length=255)
    """The one that was pushed just now: from a repository of another app nothing follows."""
    existing: list[str] = Field(max_length=5000)
    """Those of the app's branches that it has, or cannot judge."""
    merged: list[str] = Field(default=[], max_length=5000)
    """Merged into the repository's main branch."""


class Gone(Wire):
    branch: str
    removal: str
    """Why and when, in words; empty: it stays."""


class BranchesGone(Wire):
    gone: list[Gone]


class Kept(Wire):
    app: str
    branch: str
    until: datetime | None
    """If nobody touches it, it is removed then at the earliest; None: never."""


class Sandbox(Wire):
    """A branch's place, for the list of all: whether it sleeps, and what it costs."""

    app: str
    branch: str
    deployment: int
    status: str
    """Of the deployment that it shows."""
    url: str
    sessions: int | None
    """None: not known just now."""
    memory: int | None
    """Bytes, of all the branch's instances; None if nothing runs."""
    used_at: datetime
    """When somebody last pushed to it or used it, as far as known."""
    removal: str = ""
    """Why and when it will be removed, in words; empty: it stays."""
