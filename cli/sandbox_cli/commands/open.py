"""`sandbox open`: the browser, or the URL where there is none."""

import os
import sys
from typing import Annotated

from sandbox_cli import place
from sandbox_cli.console import console
from sandbox_cli.errors import Failure, WrongUse
from sandbox_cli.options import App, Branch, Option


def open_(
    branch: Branch = None,
    release: Annotated[bool, Option(("--release",), "What users see.")] = False,
    page: Annotated[bool, Option(("--page",), "Sandbox's own pages, logged in by a one-time link.")] = False,
    app: App = None,
) -> None:
    """Open a branch's sandbox, the release or the pages; without a display, print the URL."""
    if sum((bool(branch), release, page)) > 1:
        raise WrongUse("Give one of --branch, --release and --page.", "See `sandbox open --help`.")
    url = _page() if page else _url(place.app(app), None if release else place.branch(branch))
    console.document({"url": url})
    if console.json:
        return
    if _has_display() and _open(url):
        console.done(f"Opened {_place(url)}")
    else:
        console.result(url)
    console.next("sandbox status", "sandbox logs")


def _page() -> str:
    return place.client().login_link()["url"]


def _url(app: str, branch: str | None) -> str:
    """The release's URL if `branch` is None."""
    detail = place.client().app(app)
    if branch is None:
        if not detail["release"]:
            raise Failure(
                f"Nothing of {app} is released yet.",
                "Release something: `sandbox promote`.",
                code="not_found",
            )
        return detail["url"]
    for sandbox in detail["sandboxes"]:
        if sandbox["branch"] == branch:
            if not sandbox["current"]:
                latest = sandbox["latest"]
                console.warn(f"Nothing of {branch} is ready: d{latest['deployment']} is {latest['status']}.")
            return sandbox["url"]
    known = ", ".join(sandbox["branch"] for sandbox in detail["sandboxes"]) or "none"
    raise Failure(
        f"{app} has no sandbox of the branch {branch}; there is: {known}.",
        f"Push it: `sandbox deploy --branch {branch}`.",
        code="not_found",
    )


def _has_display() -> bool:
    if not sys.stdout.isatty() or os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform in ("win32", "darwin") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _open(url: str) -> bool:
    import webbrowser

    return webbrowser.open(url)


def _place(url: str) -> str:
    from urllib.parse import urlsplit

    # The path of a login link is a secret until it is used: not for the screen, when the browser has it.
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"
