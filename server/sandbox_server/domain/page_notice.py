"""What the open pages of an instance should say to the people in front of them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

_FOREWARNED = timedelta(minutes=30)
"""Before a deadline that nobody asked for, people are told so long."""


@dataclass(frozen=True)
class PageNotice:
    id: str
    """The runner says by it which one it shows; empty: none."""
    kind: Literal["drain", "move", "update", "none"]
    at: float | None = None
    """Seconds since 1970 when it happens."""
    text: str = ""


NOTHING = PageNotice("", "none")


def page_notice(
    *,
    draining: bool,
    drain_until: datetime | None,
    move_at: datetime | None,
    deadline: datetime | None,
    outdated: bool,
    now: datetime,
) -> PageNotice:
    """The most urgent one. `deadline` ends an ordinary drain; `outdated`: new visitors get another version, and the
    app wants people to know."""
    if draining and drain_until is not None and (move_at is None or drain_until <= move_at):
        return _made("drain", drain_until, "This version ends soon. Please finish, then load the page again.")
    if move_at is not None:  # also on what is kept running for a rollback
        return _made("move", move_at, "This version was taken back. The page will load again by itself.")
    if draining and deadline is not None and now >= deadline - _FOREWARNED:
        return _made("drain", deadline, "This version ends soon. Please finish, then load the page again.")
    if outdated:
        return _made("update", None, "A new version is available.")
    return NOTHING


def _made(kind: Literal["drain", "move", "update"], at: datetime | None, text: str) -> PageNotice:
    seconds = at.timestamp() if at else None
    said = f"{kind} {seconds} {text}"
    return PageNotice(f"{kind}-{hashlib.sha256(said.encode()).hexdigest()[:12]}", kind, seconds, text)
