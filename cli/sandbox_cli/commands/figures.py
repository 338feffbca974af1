"""`sandbox figures`: how sessions did."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from sandbox_cli import place
from sandbox_cli.answers_sessions import Fault, Figures, Point
from sandbox_cli.console import console, one_line
from sandbox_cli.options import App, Deployment, Option
from sandbox_cli.words import ago, plural, seconds, size

Scope = Annotated[
    Literal["sandbox", "release"],
    Option(("--scope",), "Of a deployment: in its sandbox, or for the app's users."),
]
Week = Annotated[bool, Option(("--week",), "The last 7 days instead of the last 3 hours.")]

_BARS = "▁▂▃▄▅▆▇█"
_COLUMNS = 36


class Window(NamedTuple):
    span: str
    length: int
    """Seconds."""
    words: str


HOURS = Window("minute", 3 * 3600, "3 hours")
WEEK = Window("hour", 7 * 86400, "7 days")


def figures(
    deployment: Deployment = None, scope: Scope = "sandbox", week: Week = False, app: App = None
) -> None:
    """Sessions, waiting times, errors, requests and memory: of an app's release, or of one deployment."""
    window = WEEK if week else HOURS
    client = place.client()
    name, number = place.named(deployment, app) if deployment else (place.app(app), None)
    found = client.figures(name, number, scope=scope, span=window.span, last=window.length)
    console.document(found)
    what = f"d{number} of {name}, {scope}" if number else f"{name}, release"
    console.result(f"{what}: {summary(found['total'], window.words)}")
    if found["points"]:
        console.result("")
        console.table(("", f"last {window.words}", ""), _rows(found, window))
    _faults(found["faults"])
    of = f" d{number}" if number else ""
    console.next(f"sandbox logs{of}", f"sandbox figures{of} --week")


def summary(total: Point, span: str) -> str:
    """One sentence about the last hour, or whatever `span` says."""
    if not (total["started"] or total["requests"] or total["crashes"]):
        return f"no sessions and no requests in the last {span}."
    told = [plural(total["requests"], "request") + _share(total["refused"], total["requests"], "refused")]
    if total["started"]:
        told.insert(
            0,
            plural(total["started"], "session") + _share(total["failed"], total["started"], "with an error"),
        )
    if total["p95"] is not None:
        told.append(f"first outputs within {seconds(total['p95'])} for 95 %")
    if total["crashes"]:
        told.append(plural(total["crashes"], "crash", "crashes"))
    return f"in the last {span} {', '.join(told)}."


def spark(values: list[float]) -> str:
    """Bars of their heights beside the highest one."""
    top = max(values, default=0)
    return "".join(_BARS[round(value / top * (len(_BARS) - 1))] if top else _BARS[0] for value in values)


def _share(part: int, whole: int, words: str) -> str:
    return f" ({100 * min(part / whole, 1):.1f} % {words})" if whole and part else ""


def _rows(found: Figures, window: Window) -> list[tuple[str, str, str]]:
    total, columns = found["total"], _columns(found, window)
    rows = [("requests", _sum(columns, lambda p: p["requests"]), str(total["requests"]))]
    if total["started"] or total["sessions"]:
        rows = [
            ("sessions at once", _most(columns, lambda p: p["sessions"]), f"at most {total['sessions']}"),
            ("began", _sum(columns, lambda p: p["started"]), str(total["started"])),
            ("with an error", _sum(columns, lambda p: p["failed"]), str(total["failed"])),
            ("95 % waited", _most(columns, lambda p: p["p95"] or 0), _wait(total["p95"])),
            *rows,
        ]
    if total["refused"]:
        rows.append(("500 or above", _sum(columns, lambda p: p["refused"]), str(total["refused"])))
    if total["memory"]:
        rows.append(("memory", _most(columns, lambda p: p["memory"]), f"at most {size(total['memory'])}"))
    return rows


def _columns(found: Figures, window: Window) -> list[list[Point]]:
    """The points by columns of equal time."""
    begin = datetime.fromisoformat(found["total"]["at"])
    columns: list[list[Point]] = [[] for _ in range(_COLUMNS)]
    for point in found["points"]:
        passed = (datetime.fromisoformat(point["at"]) - begin).total_seconds()
        columns[min(max(int(passed / window.length * _COLUMNS), 0), _COLUMNS - 1)].append(point)
    return columns


def _most(columns: list[list[Point]], value: Callable[[Point], float]) -> str:
    return spark([max(map(value, points), default=0) for points in columns])


def _sum(columns: list[list[Point]], value: Callable[[Point], float]) -> str:
    return spark([sum(map(value, points)) for points in columns])


def _wait(span: float | None) -> str:
    return "–" if span is None else f"up to {seconds(span)}"


def _faults(faults: list[Fault]) -> None:
    if not faults:
        return
    console.result("")
    console.table(
        ("R error in", "class", "times", "last", "deployment", "message"), [_fault(f) for f in faults]
    )
    console.say(f"The log of the last one: {faults[0]['log']}")


def _fault(fault: Fault) -> tuple[str, ...]:
    times = str(fault["count"]) if fault["count"] else "only in our visits"
    return (
        one_line(fault["place"]), one_line(fault["kind"]), times, ago(fault["last_at"]), f"d{fault['deployment']}",
        one_line(fault["message"]),
    )  # fmt: skip
