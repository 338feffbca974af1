"""A deployment's life, as data: the moves that are allowed, and what may be done in each state."""

from dataclasses import dataclass

from sandbox_server.errors import NotPossible
from sandbox_server.wire import Status

MOVES: dict[Status, frozenset[Status]] = {
    Status.queued: frozenset({Status.building, Status.cancelled, Status.superseded, Status.failed}),
    Status.building: frozenset({Status.starting, Status.cancelled, Status.failed}),
    Status.starting: frozenset({Status.ready, Status.asleep, Status.cancelled, Status.failed}),
    Status.ready: frozenset({Status.asleep, Status.retired}),
    Status.asleep: frozenset({Status.starting, Status.retired}),
    Status.failed: frozenset({Status.starting, Status.retired}),
    Status.cancelled: frozenset({Status.retired}),
    Status.superseded: frozenset({Status.retired}),
    Status.retired: frozenset(),
}


@dataclass(frozen=True)
class May:
    """What may be done with a deployment in a state."""

    promote: bool = False
    cancel: bool = False
    restart: bool = False
    """Fresh instances of the same image."""
    run: bool = False
    """Its sandbox instance should exist."""
    open: bool = False
    """Its address leads to the app, sooner or later."""


MAY: dict[Status, May] = {
    Status.queued: May(cancel=True),
    Status.building: May(cancel=True),
    Status.starting: May(cancel=True, run=True, open=True),
    Status.ready: May(promote=True, restart=True, run=True, open=True),
    Status.asleep: May(promote=True, restart=True, open=True),
    Status.failed: May(restart=True),
    Status.cancelled: May(),
    Status.superseded: May(),
    Status.retired: May(),
}

UNFINISHED = frozenset({Status.queued, Status.building, Status.starting})
"""Somebody waits for the outcome."""


def may(status: str) -> May:
    return MAY[Status(status)]


def check_move(number: int, old: str, new: Status) -> None:
    """Raises `NotPossible` for a move that the machine does not have."""
    if new not in MOVES[Status(old)]:
        raise NotPossible(f"d{number} is {old} and cannot become {new}.")
