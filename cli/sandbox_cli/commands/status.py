"""`sandbox status`: one app."""

from sandbox_cli import place
from sandbox_cli.answers import AppDetail, Branch, Deployment, Release
from sandbox_cli.answers_review import GateReport
from sandbox_cli.answers_sessions import Availability, Figures, Notice
from sandbox_cli.commands import drain, figures
from sandbox_cli.commands.releases import warn_of_override
from sandbox_cli.console import console, one_line
from sandbox_cli.options import App
from sandbox_cli.waiting import UNDER_WAY
from sandbox_cli.words import ago, sessions, size, span

_HOUR = 3600


def status(app: App = None) -> None:
    """An app's release, branches and newest deployments, with sessions and memory."""
    client = place.client()
    name = place.app(app)
    detail = client.app(name)
    deployments = client.deployments(name, limit=20)
    draining = client.draining(name)
    measured = client.figures(name, last=_HOUR) if detail["release"] else None
    available = client.availability(name) if detail["release"] else None
    notices = [notice for notice in client.notices(name) if not notice["settled_at"]]
    fresh = _fresh(detail)
    report = client.gate_report(name, fresh) if fresh else None
    console.document(
        {
            **detail, "deployments": deployments, "draining": draining, "figures": measured,
            "availability": available, "open_notices": notices, "gates": report,
        }
    )  # fmt: skip
    _release(detail, measured)
    if available:
        console.result(f"{_availability(available)}\n")
    console.table(
        ("branch", "shows", "status", "newest", "sessions", "memory", "age", "URL"),
        [_row(b) for b in detail["sandboxes"]],
    )
    console.result("")
    console.table(
        ("deployment", "branch", "status", "smoke", "author", "age", "message"),
        [_deployment(d) for d in deployments],
    )
    if draining:
        console.result("")
        drain.show(draining)
    _notices(notices)
    _trouble(deployments)
    _drift(deployments)
    _missing(report)
    console.next(_next(report), "sandbox logs", "sandbox releases")


def _fresh(detail: AppDetail) -> int | None:
    """What a branch shows and users do not have."""
    current = [sandbox["current"] for sandbox in detail["sandboxes"] if sandbox["current"]]
    return next((one["deployment"] for one in current if not one["released"]), None)


def _missing(report: GateReport | None) -> None:
    """What holds it back, and how to get it."""
    if report and report["missing"]:
        console.warn(f"d{report['deployment']} cannot be released now:")
        for missing in report["missing"]:
            console.say(f"  - {one_line(missing['message'])} {one_line(missing['hint'])}")


def _next(report: GateReport | None) -> str:
    if report is None:
        return "sandbox deploy"
    return f"sandbox {'promote' if report['open'] else 'gates'} d{report['deployment']}"


def _release(detail: AppDetail, measured: Figures | None) -> None:
    release = detail["release"]
    if not release:
        console.result(f"{detail['app']}: nothing is released.\n")
        return
    console.result(
        f"{detail['app']}: release {release['release']} is d{release['deployment']} of "
        f"{release['branch']}, by {release['by']} {ago(release['created_at'])}, {_after(release)}"
        f"{sessions(release['sessions'])} sessions, at {release['url']}"
    )
    warn_of_override(release)
    if newer := detail["candidate"]:
        console.result(
            f"candidate: d{newer['deployment']} of {newer['branch']}, {newer['share']} % of the visitors, by "
            f"{newer['by']} {ago(newer['created_at'])}, {sessions(newer['sessions'])} sessions"
        )
    if measured:
        console.result(figures.summary(measured["total"], "hour"))


def _after(release: Release) -> str:
    """How long the way from the push to users was."""
    return f"{span(release['since_push'])} after its push, " if release["since_push"] is not None else ""


def _availability(found: Availability) -> str:
    """Of the last 30 days, and whether that is what was promised."""
    if found["percent"] is None:
        return "availability: the platform has not visited the release yet"
    promised, last = found["promised"], found["last"]
    words = f"available {found['percent']:.5g} % of 30 days"
    if promised is not None:
        kept = "as promised" if found["percent"] >= promised else "less than promised"
        words += f", {kept} ({promised:g} %)"
    if last:
        words += f"; visited {ago(last['at'])}: {'all well' if last['ok'] else one_line(last['reason'])}"
    return words


def _notices(notices: list[Notice]) -> None:
    for notice in notices:
        first = one_line(notice["text"].partition("\n")[0])
        console.warn(f"{first} ({ago(notice['at'])}) {one_line(notice['hint'])}".rstrip())


def _trouble(deployments: list[Deployment]) -> None:
    """What should run and does not just now."""
    for deployment in deployments:
        if deployment["status"] not in UNDER_WAY and deployment["phase"]:
            console.warn(f"d{deployment['deployment']}: {one_line(deployment['phase'])}")


def _drift(deployments: list[Deployment]) -> None:
    """Of what people see: where it is not what its lock says."""
    for deployment in deployments:
        if deployment["drift"] and (deployment["current"] or deployment["released"]):
            told = "; ".join(one_line(words) for words in deployment["drift"][:3])
            more = f"; and {len(deployment['drift']) - 3} more" if len(deployment["drift"]) > 3 else ""
            console.warn(
                f"d{deployment['deployment']} ({deployment['branch']}) drifts from its lock: {told}{more}"
            )


def _row(sandbox: Branch) -> tuple[str, ...]:
    current, latest = sandbox["current"], sandbox["latest"]
    shown = current or latest
    newest = (
        ""
        if current and current["deployment"] == latest["deployment"]
        else f"d{latest['deployment']} {latest['status']}"
    )
    return (
        sandbox["branch"],
        f"d{current['deployment']}" if current else "–",
        shown["status"],
        newest or "the same",
        sessions(shown["sessions"]),
        size(shown["memory"]),
        ago(shown["created_at"]),
        sandbox["url"],
    )


def _deployment(deployment: Deployment) -> tuple[str, ...]:
    status = deployment["status"]
    if deployment["released"]:
        status = "released, sandbox asleep" if status == "asleep" else f"{status}, released"
    return (
        f"d{deployment['deployment']}",
        deployment["branch"],
        status,
        _smoke(deployment),
        deployment["author"],
        ago(deployment["created_at"]),
        (deployment["message"][:60] + (" (uncommitted changes)" if deployment["dirty"] else "")).strip(),
    )


def _smoke(deployment: Deployment) -> str:
    status = deployment["smoke"]["status"]
    # What never came up was never visited, and will not be.
    return "–" if status == "pending" and deployment["status"] not in UNDER_WAY else status
