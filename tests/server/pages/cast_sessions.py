"""Realistic values about sessions: figures, a candidate, drains, availability."""

import math
from datetime import timedelta
from typing import Any

from tests.server.pages import cast

from sandbox_server import wire, wire_sessions
from sandbox_server.operations.opinions import Opinion
from sandbox_server.pages import charts
from sandbox_server.pages.spans import WINDOWS, Name

APP = "sales-dashboard"


def point(minutes: float = 0, **changes: Any) -> wire_sessions.Point:
    values: dict[str, Any] = {
        "at": cast.ago(minutes=minutes), "sessions": 3, "started": 1, "failed": 0, "errors": 0, "p50": 0.5, "p95": 1.0,
        "requests": 40, "refused": 0, "crashes": 0, "memory": 380_000_000, "busy": 0.1,
    }  # fmt: skip
    return wire_sessions.Point(**{**values, **changes})


def fault(**changes: Any) -> wire_sessions.Fault:
    values: dict[str, Any] = {
        "scope": "release", "place": "output totals", "kind": "simpleError", "count": 12, "message": "",
        "deployment": 39, "first_at": cast.ago(hours=3), "last_at": cast.ago(minutes=7),
        "log": "http://sandbox.localhost:8080/apps/sales-dashboard/deployments/39?log=run&at=2026-11-22T12:03:00Z",
    }  # fmt: skip
    return wire_sessions.Fault(**{**values, **changes})


def faults() -> list[wire_sessions.Fault]:
    seen = fault(place="observer app.R#112", kind="dplyr_error", count=3, last_at=cast.ago(hours=2))
    ours = fault(
        place="output map", count=0, last_at=cast.ago(hours=5), message='could not find function "leaflet"'
    )
    return [fault(), seen, ours]


def figures(span: Name = "hour", **changes: Any) -> wire_sessions.Figures:
    """A working day with one bad moment in it."""
    window = WINDOWS[span]
    step = 60 if window.point == "minute" else 3600
    count = int(window.length.total_seconds() / step)
    points = [p for n in range(count) if (p := _moment(n, count, n * step / 60))]
    total = point(
        sessions=max(p.sessions for p in points), started=sum(p.started for p in points),
        failed=sum(p.failed for p in points), errors=sum(p.errors for p in points), p50=0.5, p95=1.5,
        requests=sum(p.requests for p in points), refused=sum(p.refused for p in points), crashes=1,
        memory=max(p.memory for p in points),
    )  # fmt: skip
    values: dict[str, Any] = {
        "app": APP, "deployment": None, "scope": "release", "span": window.point, "points": points[::-1],
        "total": total, "faults": faults(),
    }  # fmt: skip
    return wire_sessions.Figures(**{**values, **changes})


def measured(span: Name = "hour", serves: str = "session", **changes: Any) -> dict[str, Any]:
    """What the pages give their template."""
    found = figures(span, **changes)
    return {
        "board": charts.board(found, WINDOWS[span], cast.NOW, serves), "faults": found.faults,
        "window": WINDOWS[span], "windows": list(WINDOWS.values()), "serves": serves,
        "figures_title": "Users’ sessions", "also": "", "scope": "release" if found.deployment else "",
    }  # fmt: skip


def unmeasured() -> dict[str, Any]:
    nothing = point(sessions=0, started=0, p50=None, p95=None, requests=0, memory=0)
    return measured(points=[], total=nothing, faults=[])


def candidate(**changes: Any) -> wire.Release:
    values = {
        "share": 10,
        "in_force": False,
        "sessions": 2,
        "created_at": cast.ago(minutes=4),
        "branch": "feature-x",
    }
    return cast.release(8, 42, **{"message": "Show margins by region", **values, **changes})


def side(deployment: int, release: int, sessions: int, **changes: Any) -> wire_sessions.Side:
    values = {"failed": 0, "errors": 0, "p95": 0.7, "crashes": 0, "open": 2}
    return wire_sessions.Side(
        deployment=deployment, release=release, sessions=sessions, **{**values, **changes}
    )


def watch(**changes: Any) -> wire_sessions.Watch:
    values: dict[str, Any] = {
        "app": APP, "state": "canary", "words": "Too few sessions to judge: 4 of 20.", "share": 10,
        "newer": side(42, 8, 4), "older": side(39, 7, 61, failed=2, errors=3, p95=0.5, open=7),
        "since": cast.ago(minutes=4), "until": cast.NOW + timedelta(minutes=6), "steps": [(50, 600.0)], "version": 3,
    }  # fmt: skip
    return wire_sessions.Watch(**{**values, **changes})


def unwatched() -> wire_sessions.Watch:
    return wire_sessions.Watch(app=APP, state="none", words="Nothing is watched. Users get d39 (release 7).")


def troubled() -> wire_sessions.Watch:
    words = (
        "The candidate d42 was given up. 6 of 31 sessions met an error, against 1 of 290: "
        "more than the 5 % that the app allows."
    )
    newer, older = side(42, 8, 31, failed=6, errors=19, open=0), side(39, 7, 290, failed=1, errors=1, open=7)
    return watch(state="aborted", words=words, share=0, newer=newer, older=older, until=None, steps=[])


def running() -> list[wire_sessions.Running]:
    def one(number: int, ordinal: int, **changes: Any) -> wire_sessions.Running:
        values: dict[str, Any] = {
            "app": APP, "deployment": number, "scope": "release", "state": "up", "sessions": 6,
            "memory": 182_000_000, "since": cast.ago(hours=3),
            "instance": f"sbx-abc123-{APP}-d{number}-release-0f3a9c1e-{ordinal}",
        }  # fmt: skip
        return wire_sessions.Running(**{**values, **changes})

    return [
        one(42, 12, sessions=2, since=cast.ago(minutes=4)),
        one(39, 9, sessions=4),
        one(39, 10, sessions=3),
        one(39, 11, state="hung", words="has not answered for 72 s", sessions=1),
        one(39, 13, state="starting", sessions=0, memory=None, since=cast.ago(seconds=2)),
        one(37, 7, state="draining", sessions=4, since=cast.ago(days=2)),
    ]


def draining(**changes: Any) -> list[wire_sessions.Draining]:
    values: dict[str, Any] = {
        "app": APP, "deployment": 37, "scope": "release", "instance": "sbx-abc123-37", "sessions": 4,
        "since": cast.ago(hours=3), "until": cast.NOW + timedelta(hours=21),
    }  # fmt: skip
    return [wire_sessions.Draining(**{**values, **changes})]


def drainings() -> list[wire_sessions.Draining]:
    soon, never = cast.NOW + timedelta(minutes=25), None
    return [
        *draining(),
        *draining(deployment=31, sessions=1, asked=True, until=soon, since=cast.ago(days=6)),
        *draining(deployment=29, sessions=None, until=never, since=cast.ago(days=9)),
        *draining(
            deployment=28, sessions=3, moves_at=cast.NOW + timedelta(minutes=8), since=cast.ago(minutes=2)
        ),
    ]


def visited(ok: bool = True, **changes: Any) -> wire_sessions.Visited:
    values: dict[str, Any] = {
        "at": cast.ago(minutes=3), "release": 7, "deployment": 39, "ok": ok, "seconds": 1.24,
        "reason": "" if ok else "output totals: object 'totals_data' not found (app.R:42)",
    }  # fmt: skip
    return wire_sessions.Visited(**{**values, **changes})


def availability(**changes: Any) -> wire_sessions.Availability:
    days = [
        wire_sessions.Day(at=cast.ago(days=n), visits=288, failed={4: 3, 17: 1}.get(n, 0))
        for n in reversed(range(23))
    ]
    values: dict[str, Any] = {
        "app": APP, "percent": 99.94, "promised": 99.5, "sla": "99.5 % in office hours", "visits": 6612,
        "last": visited(), "troubles": [visited(ok=False, at=cast.ago(days=4))], "days": days,
    }  # fmt: skip
    return wire_sessions.Availability(**{**values, **changes})


def unvisited() -> wire_sessions.Availability:
    return availability(percent=None, visits=0, last=None, troubles=[], days=[])


def notices() -> list[wire_sessions.Notice]:
    text = "sales-dashboard does not come up for its users\noutput totals: object 'totals_data' not found (app.R:42)"
    first = wire_sessions.Notice(
        app=APP, key="availability", text=text, hint="Read the log: `sandbox logs d39`.", at=cast.ago(minutes=9),
        settled_at=None, told_at=cast.ago(minutes=8),
    )  # fmt: skip
    second = first.model_copy(
        update={
            "key": "branch old-idea", "text": "The sandbox of old-idea will be removed on 25 Nov: merged.",
            "hint": "To keep it: `sandbox keep --branch old-idea`.", "at": cast.ago(days=1),
        }
    )  # fmt: skip
    return [first, second]


def app_page(**changes: Any) -> dict[str, Any]:
    """An app in the middle of a canary, with everything that there may be."""
    values: dict[str, Any] = {
        "app": cast.app_detail(candidate=candidate(), seen=8, notices=2), "releases": [candidate(), *cast.releases()],
        "notices": notices(), "watch": watch(), "running": running(), "draining": drainings(),
        "crashing": ["d39 crashed 4 times in 10 minutes, starts again in 16 s"], "availability": availability(),
        "opinions": opinions(), "events": cast.events(), **measured(), "caller": None,
    }  # fmt: skip
    return {**values, **changes}


def calm_page(**changes: Any) -> dict[str, Any]:
    """Nothing is unusual."""
    calm = [one for one in running() if one.state == "up" and one.deployment == 39]
    values: dict[str, Any] = {
        "app": cast.app_detail(seen=7), "releases": cast.releases(), "notices": [], "watch": unwatched(),
        "running": calm, "draining": [], "crashing": [],
    }  # fmt: skip
    return app_page(**{**values, **changes})


def opinions() -> dict[str, Opinion]:
    return {"feature-x": Opinion(accepted=("Ann Berger",), waiting=("Ben",), open_comments=2)}


def deployment_page(d: wire.Deployment | None = None, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "d": d or cast.deployment(), "events": cast.events(), "kind": "run", "lines": cast.lines(), "at": None,
        **measured(deployment=42, scope="sandbox"), "verdicts": [], "about": Opinion(), "caller": None,
    }  # fmt: skip
    return {**values, **changes}


def _moment(n: int, count: int, minutes: float) -> wire_sessions.Point | None:
    wave = (math.sin(n / count * 9) + 1) * 4 + (n * 7 % 5) / 2
    if wave < 1.2:
        return None
    bad = 0.3 < n / count < 0.36
    began = int(wave / 2) if n % 3 else 0
    flush = (
        {"p50": 0.4 + wave / 30, "p95": (1.9 if bad else 0.9) + wave / 12}
        if began
        else {"p50": None, "p95": None}
    )
    return point(
        minutes, sessions=int(wave), started=began, failed=min(began, 1) if bad or n % 29 == 0 else 0,
        errors=2 if bad else 0, requests=int(wave * 21), refused=int(wave * 3) if bad else 0,
        crashes=int(bad and n % 7 == 0), memory=int(290e6 + wave * 22e6), **flush,
    )  # fmt: skip
