"""How values are written for people. Pure functions; time is an argument."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from sandbox_server.domain.kind import Kind
from sandbox_server.wire import Deployment, Event, Release

_DEEDS = {
    "comment.answered": "’s {new} was answered{by}",
    "comment.made": "got {new}{by}",
    "comment.picture.failed": "’s {new} got no picture",
    "comment.picture.taken": "’s {new} got its picture",
    "comment.reopened": "’s {new} was opened again{by}",
    "comment.resolved": "’s {new} was resolved{by}",
    "deployment.drain_cancelled": "is not to be ended after all{by}",
    "deployment.drained": "is to end{by}, {new}",
    "deployment.moved": "{new}",
    "deployment.pushed": "pushed{by}: {new}",
    "document.asked": "is to be rendered again in the {new} scope{by}",
    "document.rendered": "was rendered in the {new} scope{by}",
    "gates.adopted": "brought its gates into force{by}: {new}",
    "gates.proposed": "brought the first gates{by}: {new}",
    "gates.set": "were set{by}: {new}",
    "instance.crashed": "{scope} crashed",
    "instance.drained": "{scope} gets no new sessions{by}",
    "instance.ended": "{scope} ended",
    "instance.lost": "{scope} was ended with the engine",
    "instance.not_started": "{scope} did not start",
    "instance.returned": "{scope} gets new sessions again",
    "notice.opened": "became a notice to the owner",
    "notice.settled": "is settled",
    "release.abort": "made{by}: {new} is no candidate any more",
    "release.asleep": "went to sleep",
    "release.overridden": "was made{by} against the gates. What was missing: {new}",
    "release.promote": "made{by}: users get {new}",
    "release.rollback": "made by a rollback{by}: users get {new}",
    "release.share": "made{by}: a share of the visitors gets {new}",
    "release.switched": "got the traffic",
    "release.woken": "woke up",
    "review.code_asked": "was asked for a code{by}",
    "review.code_not_sent": "got no code: it could not be mailed",
    "review.code_refused": "was given a wrong code{by}",
    "review.code_sent": "got a code by mail",
    "review.comments_not_sent": "has comments of which nobody could be told by mail",
    "review.comments_sent": "has comments, and whoever asked was told by mail",
    "review.invitation_not_sent": "could not be mailed",
    "review.invitation_sent": "was mailed",
    "review.requested": "was asked for{by}: {new}",
    "review.revoked": "was withdrawn{by}",
    "review.verdict_not_sent": "has a verdict of which nobody could be told by mail",
    "review.verdict_sent": "has a verdict, and whoever asked was told by mail",
    "sandbox.back": "is a branch again{by}",
    "sandbox.gone": "is to be removed{by}",
    "sandbox.kept": "is kept{by}",
    "sandbox.moved": "shows {new}",
    "verdict.accepted": "was accepted{by}",
    "verdict.rejected": "was rejected{by}",
    "verdict.remarks": "was accepted with remarks{by}",
}

_MOVES = {
    "building": "is being built",
    "starting": "starts",
    "ready": "is ready",
    "asleep": "went to sleep",
    "failed": "failed",
    "cancelled": "was cancelled{by}",
    "superseded": "was overtaken by a newer push",
    "retired": "was retired{by}",
}

_LACK = re.compile(r"^(\S+)  (.+)\n {4}found: +(.*)\n {4}do: +(.*)$", re.MULTILINE)
"""A package in the table of what could not be had."""

_STEPS = ("upload", "build", "start", "smoke")


def age(at: datetime, now: datetime) -> str:
    """Such as "3 min ago"."""
    seconds = (now - _aware(at)).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 36 * 3600:
        return f"{int(seconds // 3600)} h ago"
    if seconds < 60 * 86400:
        return f"{round(seconds / 86400)} days ago"
    return _aware(at).strftime("%-d %b %Y")


def exact(at: datetime) -> str:
    return _aware(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def stamp(at: datetime) -> str:
    """Such as "22 Nov 2026, 17:05 UTC"."""
    return _aware(at).astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")


def clock(at: datetime) -> str:
    return _aware(at).astimezone(UTC).strftime("%H:%M:%S")


def day(at: datetime) -> str:
    return _aware(at).astimezone(UTC).strftime("%-d %b")


def size(count: int) -> str:
    """Bytes, such as "92 MiB"."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f}".removesuffix(".0") + " GiB"


def resources(deployment: Deployment) -> str:
    """Such as "92 MiB of 1 GiB · 1 CPU"."""
    limits = size(deployment.memory_limit) if deployment.memory_limit else ""
    cpus = f" · {deployment.cpus:g}\N{NO-BREAK SPACE}CPU" if deployment.cpus else ""
    cpus += "s" if cpus and deployment.cpus != 1 else ""
    if not deployment.memory:
        return f"not running{f', limit {limits}' if limits else ''}{cpus}"
    used = size(deployment.memory)
    if deployment.instances > 1:
        return f"{used} in {deployment.instances} instances{f', each up to {limits}' if limits else ''}{cpus}"
    return f"{used}{f' of {limits}' if limits else ''}{cpus}"


def seconds(value: float) -> str:
    if value < 1:
        return f"{value:.2f} s"
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


def brief(value: float) -> str:
    """Seconds, as short as a chart has room for: "0.64 s", "1.9 s", "12 s", "2 min"."""
    if value < 1:
        return f"{value:.2f}".rstrip("0").rstrip(".") + " s"
    if value < 10:
        return f"{value:.1f}".removesuffix(".0") + " s"
    return f"{value:.0f} s" if value < 120 else f"{value / 60:.0f} min"


def percent(part: int, whole: int) -> str:
    """Such as "5.3 %"."""
    if not whole:
        return "0 %" if not part else f"{part} of {whole}"
    return f"{min(part / whole, 1) * 100:.1f}".removesuffix(".0") + " %"


def count_of(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def names(people: Sequence[str], most: int = 3) -> str:
    """Such as "Ben", "Ben and Cleo" or "Ben, Cleo and 3 more"."""
    if len(people) > most:
        return f"{', '.join(people[: most - 1])} and {len(people) - most + 1} more"
    return " and ".join(filter(None, (", ".join(people[:-1]), *people[-1:])))


def who_stays(release: Release) -> str:
    """What happens to the people on the release that is left."""
    if release.sessions is None:
        return f"Those who have d{release.deployment} open keep it until they leave."
    if release.sessions == 0:
        return f"Nobody has d{release.deployment} open."
    people = count_of(release.sessions, "person keeps", "people keep")
    return f"{people} d{release.deployment} until they leave."


def beyond(phase: str, status: str) -> str:
    """What a phase says beyond its status: "building, installing 3 packages" → "installing 3 packages"."""
    return phase.removeprefix("starting R").removeprefix(status).lstrip(" ,:")


def deed(event: Event) -> str:
    """What happened to an event's subject, such as "pushed by anna: main 3f2a1c9"."""
    said = _DEEDS.get(event.action) or event.action.rpartition(".")[2].replace("_", " ") + "{by}"
    if event.action == "deployment.moved":
        said = _MOVES.get(event.new, said)
    by = f" by {event.by}" if event.by != "platform" else ""
    scope = f"’s instance in the {event.old} scope"
    return said.format(by=by, new=event.new, scope=scope).removesuffix(": ")


def bare_url(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path.rstrip('/')}"


def breakable_url(url: str) -> Markup:
    """A long host breaks where a reader would break it."""
    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=--)|(?=[.:])", bare_url(url)))


def with_code(sentence: str) -> Markup:
    """What stands between backticks is something to type."""
    parts = str(escape(sentence)).split("`")
    if len(parts) % 2 == 0:
        return escape(sentence)
    return Markup("".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts)))  # noqa: S704


def short_id(image: str) -> str:
    """An image's Id, as short as the engine's own lists have it."""
    return image.removeprefix("sha256:")[:12]


def short_instance(name: str) -> str:
    """What tells an instance from its sisters: spec and number."""
    return "-".join(name.split("-")[-2:])


def kind(value: str) -> str:
    """Such as "Shiny app"."""
    return Kind(value).label.partition(" ")[2] if value in set(Kind) else value


@dataclass(frozen=True)
class Lack:
    """A package that could not be had."""

    package: str
    wanted: str
    found: str
    remedy: str


def troubles(detail: str) -> list[Lack]:
    """The rows of an error's detail, if that is a table of what could not be had."""
    rows = [Lack(*found.groups()) for found in _LACK.finditer(detail)]
    return rows if _LACK.sub("", detail).strip() == "" else []


def diff_line(line: str) -> str:
    """The style of a line of a unified diff."""
    if line.startswith(("+++", "---", "@@")):
        return "where"
    return {"+": "plus", "-": "minus"}.get(line[:1], "same")


@dataclass(frozen=True)
class Bar:
    """One step of a deployment, as a part of a line 1000 long."""

    name: str
    seconds: float
    start: float
    width: float


def timing(spent: dict[str, float]) -> list[Bar]:
    steps = [(name, spent[name]) for name in _STEPS if spent.get(name)]
    whole = sum(took for _, took in steps)
    bars: list[Bar] = []
    for name, took in steps:
        start = bars[-1].start + bars[-1].width if bars else 0.0
        bars.append(Bar(name, took, round(start, 1), round(took / whole * 1000, 1)))
    return bars


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
