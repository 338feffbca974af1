"""The server's answers, as they come out of JSON.

The same fields as in the server's wire models (a test holds them together), but without pydantic, whose
import takes longer than the packing of a small app.
"""

from typing import TypedDict


class Problem(TypedDict):
    code: str
    message: str
    hint: str
    detail: str
    request_id: str


class Limits(TypedDict):
    bundle: int
    unpacked: int
    files: int


class Me(TypedDict):
    user: str
    admin: bool
    version: str
    url: str
    limits: Limits | None


class Token(TypedDict):
    name: str
    created_at: str
    expires_at: str | None
    used_at: str | None
    token: str | None


class LoginLink(TypedDict):
    url: str
    expires_at: str


class OutputError(TypedDict):
    output: str
    message: str


class Smoke(TypedDict):
    status: str
    reason: str
    errors: list[OutputError]
    seconds: float | None


class Deployment(TypedDict):
    app: str
    branch: str
    deployment: int
    status: str
    phase: str
    url: str
    permalink: str
    page: str
    image: str | None
    bundle: str
    kind: str
    why: str
    origin: str
    r_version: str
    drift: list[str]
    notices: list[str]
    commit: str
    message: str
    dirty: bool
    note: str
    author: str
    smoke: Smoke
    seconds: dict[str, float]
    error: Problem | None
    created_at: str
    ready_at: str | None
    current: bool
    released: bool
    sessions: int | None
    memory: int | None
    instances: int
    memory_limit: int | None
    cpus: float | None
    timezone: str
    live: str
    reviews_needed: int
    version: int


class Package(TypedDict):
    name: str
    version: str
    source: str
    hash: str
    needs: list[str]
    wanted: bool


class PackageList(TypedDict):
    app: str
    deployment: int
    origin: str
    r_version: str
    packages: list[Package]
    drift: list[str]
    notices: list[str]


class PackageChange(TypedDict):
    name: str
    before: str
    after: str
    source: str


class PackageDiff(TypedDict):
    app: str
    a: int | None
    b: int
    changes: list[PackageChange]


class Lock(TypedDict):
    app: str
    deployment: int
    text: str


class LogLine(TypedDict):
    time: str
    stream: str
    text: str


class Output(TypedDict):
    deployment: int
    scope: str
    parameters: dict[str, str]
    digest: str
    size: int
    seconds: float
    by: str
    created_at: str


class Release(TypedDict):
    release: int
    app: str
    deployment: int
    branch: str
    image: str
    url: str
    by: str
    reason: str
    kind: str
    returns_to: int | None
    created_at: str
    in_force: bool
    kept_until: str | None
    sessions: int | None
    message: str
    smoke: Smoke | None
    output: Output | None
    output_diff: str
    share: int
    override: list[str]
    since_push: float | None
    verdicts: dict[str, list[str]]


class Branch(TypedDict):
    branch: str
    url: str
    current: Deployment | None
    latest: Deployment
    deployments: int
    removal: str
    used_at: str | None


class App(TypedDict):
    app: str
    title: str
    url: str
    page: str
    release: Release | None
    candidate: Release | None
    seen: int
    notices: int
    up: bool | None
    branches: int
    sessions: int | None
    memory: int | None
    updated_at: str


class AppDetail(App):
    sandboxes: list[Branch]


class Job(TypedDict):
    job: int
    kind: str
    status: str
    progress: str
    release: Release | None
    seconds: float | None
    left_sessions: int | None
    error: Problem | None
    version: int


class FileChange(TypedDict):
    path: str
    change: str
    diff: str


class Diff(TypedDict):
    app: str
    a: int | None
    b: int
    commits: list[str]
    files: list[FileChange]
    packages: list[str]
    variables: list[str]


class Removed(TypedDict):
    removed: list[str]


class Variable(TypedDict):
    name: str
    scope: str
    branch: str | None
    by: str
    set_at: str


class Variables(TypedDict):
    variables: list[Variable]
    effect: str


class Finding(TypedDict):
    part: str
    status: str
    message: str
    remedy: str


class Event(TypedDict):
    at: str
    by: str
    action: str
    app: str
    subject: str
    old: str
    new: str
    reason: str


class BranchesSeen(TypedDict):
    branch: str
    existing: list[str]
    merged: list[str]


class Gone(TypedDict):
    branch: str
    removal: str


class BranchesGone(TypedDict):
    gone: list[Gone]


class Kept(TypedDict):
    app: str
    branch: str
    until: str | None


class Sandbox(TypedDict):
    app: str
    branch: str
    deployment: int
    status: str
    url: str
    sessions: int | None
    memory: int | None
    used_at: str
    removal: str


class Push(TypedDict):
    """What goes up with a push."""

    bundle: str
    branch: str
    commit: str
    message: str
    commits: list[str]
    dirty: bool
    note: str
    upload_seconds: float
