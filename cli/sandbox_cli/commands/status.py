"""`sandbox status`: one app."""

from sandbox_cli import place
from sandbox_cli.answers import AppDetail, Branch, Deployment
from sandbox_cli.console import console, one_line
from sandbox_cli.options import App
from sandbox_cli.waiting import UNDER_WAY
from sandbox_cli.words import ago, sessions, size


def status(app: App = None) -> None:
    """An app's release, branches and newest deployments, with sessions and memory."""
    client = place.client()
    name = place.app(app)
    detail = client.app(name)
    deployments = client.deployments(name, limit=20)
    console.document({**detail, "deployments": deployments})
    _release(detail)
    console.table(
        ("branch", "shows", "status", "newest", "sessions", "memory", "age", "URL"),
        [_row(b) for b in detail["sandboxes"]],
    )
    console.result("")
    console.table(
        ("deployment", "branch", "status", "smoke", "author", "age", "message"),
        [_deployment(d) for d in deployments],
    )
    _drift(deployments)
    current = [sandbox["current"] for sandbox in detail["sandboxes"] if sandbox["current"]]
    fresh = next((deployment for deployment in current if not deployment["released"]), None)
    console.next(
        f"sandbox promote d{fresh['deployment']}" if fresh else "sandbox deploy",
        "sandbox logs",
        "sandbox releases",
    )


def _release(detail: AppDetail) -> None:
    release = detail["release"]
    if not release:
        console.result(f"{detail['app']}: nothing is released.\n")
        return
    console.result(
        f"{detail['app']}: release {release['release']} is d{release['deployment']} of "
        f"{release['branch']}, by {release['by']} {ago(release['created_at'])}, "
        f"{sessions(release['sessions'])} sessions, at {release['url']}\n"
    )


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
    released = ", released" if deployment["released"] else ""
    return (
        f"d{deployment['deployment']}",
        deployment["branch"],
        deployment["status"] + released,
        _smoke(deployment),
        deployment["author"],
        ago(deployment["created_at"]),
        (deployment["message"][:60] + (" (uncommitted changes)" if deployment["dirty"] else "")).strip(),
    )


def _smoke(deployment: Deployment) -> str:
    status = deployment["smoke"]["status"]
    # What never came up was never visited, and will not be.
    return "–" if status == "pending" and deployment["status"] not in UNDER_WAY else status
