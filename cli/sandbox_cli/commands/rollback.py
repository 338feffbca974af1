"""`sandbox rollback`: back to an earlier release, at once."""

import re
from typing import Annotated

from sandbox_cli import place, waiting
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
    reason: Reason = "",
) -> None:
    """Give users the release before. It still runs, so they see it within a second."""
    number = _release(to) if to else None
    name = place.app(app)
    client = place.client()
    release = client.app(name)["release"]
    if not release:
        raise Failure(
            f"Nothing of {name} is released, so nothing can be taken back.",
            "Release something: `sandbox promote`.",
            code="not_possible",
        )
    with console.live() as show:
        job = waiting.finished(client, client.rollback(name, release["release"], number, reason), show)
    back = job["release"]
    sentence = f"Users get d{back['deployment']} again." if back else "It is taken back."
    left = f"d{release['deployment']} (release {release['release']})"
    tell(job, sentence, _still_on(left, job["left_sessions"]))


def _still_on(left: str, sessions: int | None) -> str:
    if sessions is None:
        return f"How many sessions are still on {left} is not known just now."
    count = plural(sessions, "session is", "sessions are") if sessions else "No session is"
    return f"{count} still on {left}."


def _release(text: str) -> int:
    found = re.fullmatch(r"(?:release\s*|r)?([1-9][0-9]{0,8})", text.strip())
    if not found:
        raise WrongUse(f"{text} is not a release number.", "`sandbox releases` lists them.")
    return int(found[1])
