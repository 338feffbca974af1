"""The main job, before a newcomer's eyes: two branches, each at its own URL, one of them released."""

from pathlib import Path
from typing import Any

from deploy.local import cli, machine, server
from deploy.local.say import heading, step
from sandbox_server.settings import Settings

APP = "sales-dashboard"
BRANCH = "feature-x"
CHANGE = (
    ('title <- "Sales dashboard"', 'title <- "Sales dashboard, with target"'),
    ('accent <- "#4457d6"', 'accent <- "#0f8a6d"'),
    ("show_target <- FALSE", "show_target <- TRUE"),
)
"""What the branch is about, plain to see: in the starter app's first lines."""


def publish(settings: Settings) -> None:
    """Does only what is not done yet: a second run pushes nothing."""
    folder = settings.home / "demo" / APP
    if not (folder / ".git").exists():
        _make_repository(folder)
    status = cli.ask("status", "--app", APP)
    if not status.get("release"):
        heading("main: pushed to its own URL, then released")
        if not _has(status, "main"):
            cli.show("deploy", cli.typed(folder), "--branch", "main")
        cli.show("promote", "--app", APP, "--branch", "main", "--yes")
    if not _has(status, BRANCH):
        heading(f"{BRANCH}: live beside it; users keep what was released")
        cli.show("deploy", cli.typed(folder), "--branch", BRANCH)


def await_release(settings: Settings) -> None:
    """After a stop, instances start again when the platform does."""
    host = f"{APP}.{settings.apps_domain}"
    with step("Release") as now:
        up = machine.wait_until(lambda: server.status(settings, host, "/") == 200, 60)
        now.result = "answers" if up else "does not answer yet; why: .venv/bin/sandbox status --app " + APP


def _make_repository(folder: Path) -> None:
    machine.run([machine.program("sandbox"), "init", str(folder), "--template", "shiny"])
    _git(folder, "init", "--quiet", "--initial-branch", "main")
    _git(folder, "config", "user.name", "Sandbox")
    _git(folder, "config", "user.email", "sandbox@localhost")
    _commit(folder, "A first dashboard")
    _git(folder, "checkout", "--quiet", "-b", BRANCH)
    app = folder / "app.R"
    app.write_text(_changed(app.read_text()))
    _commit(folder, "Show the target")
    _git(folder, "checkout", "--quiet", "main")


def _changed(code: str) -> str:
    for before, after in CHANGE:
        code = code.replace(before, after)
    return code


def _commit(folder: Path, message: str) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--no-verify", "--message", message)


def _git(folder: Path, *arguments: str) -> None:
    machine.run(["git", "-C", str(folder), "-c", "commit.gpgsign=false", *arguments])


def _has(status: dict[str, Any], branch: str) -> bool:
    return any(one["branch"] == branch and one["current"] for one in status.get("sandboxes", []))
