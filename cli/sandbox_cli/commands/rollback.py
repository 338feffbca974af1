"""`sandbox rollback`: back to an earlier release, at once."""

import re
from typing import Annotated

from sandbox_cli import place, shares, waiting
from sandbox_cli.answers import AppDetail, Job
from sandbox_cli.commands.promote import tell
from sandbox_cli.console import console
from sandbox_cli.errors import Failure, WrongUse
from sandbox_cli.options import App, Option, Reason
from sandbox_cli.words import plural


def rollback(
    app: App = None,
    to: Annotated[
        str | None,
        Option(("--to",), "A release number; by default the one before.", metavar="RELEASE"),
    ] = None,
    move: Annotated[
        str,
        Option(
            ("--move",),
            'Such as "10m": people left on what is taken back are told, and then their pages load anew.',
            metavar="TIME",
        ),
    ] = "",
    reason: Reason = "",
) -> None:
    """Give users the release before; it still runs, so they see it within a second. A candidate is given up."""
    number = _release(to) if to else None
    name = place.app(app)
    client = place.client()
    detail = client.app(name)
    if not detail["release"]:
        raise Failure(
            f"Nothing of {name} is released, so nothing can be taken back.",
            "Release something: `sandbox promote`.",
            code="not_possible",
        )
    with console.live() as show:
        job = waiting.finished(client, client.rollback(name, detail["seen"], number, reason, move), show)
    tell(job, _sentence(job, detail), _still_on(job, detail, move))


def _sentence(job: Job, detail: AppDetail) -> str:
    back = job["release"]
    if back and back["share"] == 0:
        return shares.sentence(back, detail)
    return f"Users get d{back['deployment']} again." if back else "It is taken back."


def _still_on(job: Job, detail: AppDetail, move: str) -> str:
    back, sessions = job["release"], job["left_sessions"]
    left = detail["candidate"] if back and back["share"] == 0 else detail["release"]
    if not left:
        return ""
    which = f"d{left['deployment']} (release {left['release']})"
    moved = f" Their pages say so, and load anew in {move}." if move and sessions != 0 else ""
    if sessions is None:
        return f"How many sessions are still on {which} is not known just now.{moved}"
    count = plural(sessions, "session is", "sessions are") if sessions else "No session is"
    return f"{count} still on {which}.{moved}"


def _release(text: str) -> int:
    found = re.fullmatch(r"(?:release\s*|r)?([1-9][0-9]{0,8})", text.strip())
    if not found:
        raise WrongUse(f"{text} is not a release number.", "See them all: `sandbox releases`.")
    return int(found[1])
