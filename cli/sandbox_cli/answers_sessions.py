"""The server's answers about sessions, for the type checker; a test holds them equal to the wire models."""

from typing import TypedDict


class Side(TypedDict):
    deployment: int
    release: int
    sessions: int
    failed: int
    errors: int
    p95: float | None
    crashes: int
    open: int | None


class Watch(TypedDict):
    app: str
    state: str
    words: str
    share: int
    newer: Side | None
    older: Side | None
    since: str | None
    until: str | None
    steps: list[tuple[int, float]]
    version: int


class Draining(TypedDict):
    app: str
    deployment: int
    scope: str
    instance: str
    sessions: int | None
    since: str
    until: str | None
    asked: bool
    why: str
    moves_at: str | None


class Visited(TypedDict):
    at: str
    release: int
    deployment: int
    ok: bool
    reason: str
    seconds: float


class Day(TypedDict):
    at: str
    visits: int
    failed: int


class Availability(TypedDict):
    app: str
    percent: float | None
    promised: float | None
    sla: str
    visits: int
    last: Visited | None
    troubles: list[Visited]
    days: list[Day]


class Notice(TypedDict):
    app: str
    key: str
    text: str
    hint: str
    at: str
    settled_at: str | None
    told_at: str | None


class Point(TypedDict):
    at: str
    sessions: int
    started: int
    failed: int
    errors: int
    p50: float | None
    p95: float | None
    requests: int
    refused: int
    crashes: int
    memory: int
    busy: float


class Fault(TypedDict):
    deployment: int
    scope: str
    place: str
    kind: str
    count: int
    message: str
    first_at: str
    last_at: str
    log: str


class Figures(TypedDict):
    app: str
    deployment: int | None
    scope: str
    span: str
    points: list[Point]
    total: Point
    faults: list[Fault]
