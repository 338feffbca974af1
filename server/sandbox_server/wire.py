"""What goes over the wire between the server and its clients. Shared with the command line; imports pydantic only."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

API = "/api/v1"

MOST = 2**31 - 1
"""The largest number of a deployment, a release or a job."""


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Request(BaseModel):
    # The limit is for texts that state none; with any limit, halves of characters (lone surrogates) are refused too.
    model_config = ConfigDict(extra="forbid", str_max_length=1_000_000)
    checked_later: ClassVar[frozenset[str]] = frozenset()
    """Fields whose texts have rules of their own."""

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any, info: ValidationInfo) -> Any:
        if info.field_name not in cls.checked_later and not is_storable(value):
            raise PydanticCustomError("not_storable", "NUL and halves of characters are no text")
        return value


def is_storable(value: Any) -> bool:
    """Whether every database keeps it, and it can be sent: no NUL, no lone surrogate, however deep it lies."""
    if isinstance(value, str):
        return not any(one == "\0" or "\ud800" <= one <= "\udfff" for one in value)
    if isinstance(value, dict):
        return all(is_storable(one) for pair in value.items() for one in pair)
    return not isinstance(value, list) or all(map(is_storable, value))


class Problem(Wire):
    """The one shape of every error, under the key `error`."""

    code: str
    message: str
    hint: str
    detail: str = ""
    request_id: str = ""


# Deployments


class Status(StrEnum):
    queued = "queued"
    building = "building"
    starting = "starting"
    ready = "ready"
    asleep = "asleep"
    failed = "failed"
    cancelled = "cancelled"
    superseded = "superseded"
    retired = "retired"


class OutputError(Wire):
    output: str
    message: str


class Smoke(Wire):
    status: Literal["passed", "failed", "busy", "skipped", "pending"]
    reason: str = ""
    errors: list[OutputError] = []
    seconds: float | None = None


class Push(Request):
    """One bundle on one branch. The bundle was uploaded before."""

    bundle: str = Field(pattern=r"^[0-9a-f]{64}$")
    branch: str = Field(min_length=1, max_length=255)
    commit: str = Field(default="", max_length=64)
    message: str = Field(default="", max_length=500)
    """First line of the commit's message."""
    commits: list[Annotated[str, Field(max_length=1000)]] = Field(default=[], max_length=500)
    """Newest first: "<short hash> <first line>", as far back as the client looked."""
    dirty: bool = False
    """The folder had uncommitted changes."""
    note: str = Field(default="", max_length=2000)
    upload_seconds: float = Field(default=0, ge=0, le=86400)


class Deployment(Wire):
    app: str
    branch: str
    deployment: int
    status: Status
    phase: str
    """What is happening now, in words: "building, installing 3 packages"."""
    url: str
    """The branch's sandbox."""
    permalink: str
    page: str
    image: str | None
    bundle: str
    kind: str = "shiny"
    """Of app: "shiny", "rmd", "quarto", "plumber", "static"…"""
    why: str = ""
    """Why it was taken for this kind."""
    origin: str = ""
    """Where its packages are declared: "renv.lock", "manifest.json", "DESCRIPTION", "code"."""
    r_version: str = ""
    drift: list[str] = []
    """Where the library is not what the lock says: "rlang 1.1.5 instead of 1.1.3"."""
    notices: list[str] = []
    """What a person should know of the build."""
    commit: str
    message: str
    dirty: bool
    note: str
    author: str
    smoke: Smoke
    seconds: dict[str, float]
    error: Problem | None
    created_at: datetime
    ready_at: datetime | None
    current: bool
    """Its branch's URL shows it."""
    released: bool
    sessions: int | None
    """None: not known just now."""
    memory: int | None
    """Bytes, of all its instances; None if nothing runs."""
    instances: int = 0
    """How many run, in both scopes."""
    memory_limit: int | None = None
    """Bytes that each instance may use."""
    cpus: float | None = None
    """CPUs that each instance may use."""
    timezone: str = ""
    live: str = ""
    """For a person who just pushed: what users still see, such as "d39 (release 7)"; empty without a release."""
    reviews_needed: int = 0
    """That its app demands before a release; told only of one deployment that is asked for by itself."""
    version: int
    """Changes with every change of the row; give it back as `seen` to wait for the next one."""


_MOST_PARAMETERS = 64 * 1024
"""Characters of all of them as JSON: they go to the app in one variable, and the kernel takes 128 KiB for one."""


def _together(parameters: dict[str, str]) -> dict[str, str]:
    if (size := len(json.dumps(parameters))) > _MOST_PARAMETERS:
        raise PydanticCustomError(
            "parameters",
            "All parameters together may have {most} characters as JSON, and these have {size}",
            {"most": _MOST_PARAMETERS, "size": size},
        )
    return parameters


class RenderRequest(Request):
    scope: Literal["sandbox", "release"] = "sandbox"
    parameters: Annotated[
        dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=10_000)]],
        Field(max_length=100),
        AfterValidator(_together),
    ] = {}


class Output(Wire):
    """What a run rendered from a static document."""

    deployment: int
    scope: str
    parameters: dict[str, str]
    digest: str
    size: int
    seconds: float
    by: str
    created_at: datetime


class LogLine(Wire):
    time: datetime
    stream: str
    text: str


# Apps


class Release(Wire):
    release: int
    app: str
    deployment: int
    branch: str
    image: str
    url: str
    by: str
    reason: str
    kind: Literal["promote", "rollback", "abort"]
    """`abort`: a candidate was given up."""
    returns_to: int | None = None
    """Of a rollback: the release that it brought back."""
    created_at: datetime
    in_force: bool
    kept_until: datetime | None = None
    """The instances of this earlier release run until then: rollback is instant."""
    sessions: int | None = None
    message: str = ""
    """The deployment's commit message."""
    smoke: Smoke | None = None
    """What a browser saw before the switch, with the release's variables."""
    output: Output | None = None
    """Of a static document: what was rendered for this release."""
    output_diff: str = ""
    """How that differs from what was reviewed in the sandbox: a unified diff of the texts."""
    share: int = 100
    """Percent of the visitors who get it. Below 100: a candidate beside the release in force; 0: given up."""
    override: list[str] = []
    """What gates missed when it was released all the same."""
    since_push: float | None = None
    """Seconds from its deployment's push to this release; None of a rollback."""
    verdicts: dict[Literal["accepted", "remarks", "rejected", "ignored"], list[str]] = {}
    """Who had said what of its deployment by then: names by outcome; "ignored" are those whom its gates did not count,
    whatever they said. Of the releases in a history only."""


class Branch(Wire):
    branch: str
    url: str
    current: Deployment | None
    latest: Deployment
    deployments: int
    removal: str = ""
    """Why and when it will be removed, in words; empty: it stays."""
    used_at: datetime | None = None
    """When somebody last pushed to it or used it, as far as known."""


class App(Wire):
    app: str
    title: str
    url: str
    page: str
    release: Release | None
    """In force: the full one."""
    candidate: Release | None = None
    """Gets a share of the visitors."""
    seen: int = 0
    """The newest release's number, to be given back with a promote or a rollback; 0: none."""
    notices: int = 0
    """Open ones."""
    up: bool | None = None
    """Whether the platform's last own visit to the release went well; None: there was none."""
    branches: int
    sessions: int | None
    memory: int | None
    updated_at: datetime


class AppDetail(App):
    sandboxes: list[Branch]


class ReleaseRequest(Request):
    """`seen` is the number of the release that the person saw in force, 0 for none; if it has changed: 409."""

    deployment: int = Field(ge=1, le=MOST)
    seen: int = Field(ge=0, le=MOST)
    reason: str = Field(default="", max_length=2000)
    percent: int | None = Field(default=None, ge=0, le=100, strict=True)
    """Share of the visitors; without it, all."""
    canary: str | None = Field(default=None, max_length=1000)
    """Shares one after the other, each with its time: "10@10m,50@10m"; all of them after the last."""
    replace: bool = False
    """End the candidate that has a share now."""
    override: bool = False
    """Release it although gates miss something; for administrators, with a `reason`."""
    read: str = Field(default="", max_length=64)
    """The `mark` of the preview that the person read; if it is another one by now: 409. Empty: nobody read it."""


class RollbackRequest(Request):
    seen: int = Field(ge=0, le=MOST)
    to: int | None = Field(default=None, ge=1, le=MOST)
    """A release number; by default the one before the release in force."""
    move: str = Field(default="", max_length=20)
    """Such as "10m": people left on the release that is left are told, and after that time their pages load anew."""
    reason: str = Field(default="", max_length=2000)


class Job(Wire):
    """Work that takes a while."""

    job: int
    kind: str
    status: Literal["queued", "running", "done", "failed"]
    progress: str
    release: Release | None = None
    seconds: float | None = None
    left_sessions: int | None = None
    """After a rollback or promote: people still on the release that was left."""
    error: Problem | None = None
    version: int


class FileChange(Wire):
    path: str
    change: Literal["added", "removed", "changed"]
    diff: str = ""
    """Unified, for text files of a reasonable size."""


class Diff(Wire):
    app: str
    a: int | None
    """None: nothing is released yet."""
    b: int
    commits: list[str]
    files: list[FileChange]
    packages: list[str]
    """Such as "+ leaflet" or "- dplyr"."""
    variables: list[str]
    """Names only."""


class Removed(Wire):
    removed: list[str]


# Variables


class VariablesSet(Request):
    checked_later: ClassVar[frozenset[str]] = frozenset({"variables"})
    variables: dict[str, str] = Field(min_length=1, max_length=500)
    scope: Literal["sandbox", "release"] = "sandbox"
    branch: str | None = Field(default=None, max_length=255)


class Variable(Wire):
    name: str
    scope: Literal["sandbox", "release"]
    branch: str | None
    by: str
    set_at: datetime


class Variables(Wire):
    variables: list[Variable]
    effect: str = ""
    """When a change is seen by apps, in one sentence."""


# The platform


class Finding(Wire):
    part: str
    status: Literal["ok", "warning", "failed"]
    message: str
    remedy: str = ""


class Event(Wire):
    at: datetime
    by: str
    action: str
    app: str
    subject: str
    """Such as "d42", "release 7" or "feature-x"."""
    old: str
    new: str
    reason: str
