"""Which release is in force, which comes before it, and which keep running."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from sandbox_server.errors import NotFound, NotPossible, StateChanged


class ReleaseRow(Protocol):
    """What these rules need of a release."""

    number: int
    returns_to: int | None
    created_at: datetime


R = TypeVar("R", bound=ReleaseRow)


def in_force(releases: Sequence[R]) -> R | None:
    """The newest one."""
    return max(releases, key=lambda release: release.number, default=None)


def rollback_target(releases: Sequence[R], to: int | None = None) -> R:
    """The release that a rollback brings back: `to`, or the one before.

    Rolling back twice goes one further back: what counts is the place to which the release in force had returned.
    Raises `NotPossible` if there is none before or if `to` is in force, `NotFound` for a number that never was.
    """
    current = in_force(releases)
    if current is None:
        raise NotPossible("Nothing is released yet.", "Release a deployment first: `sandbox promote`.")
    by_number = {release.number: release for release in releases}
    if to is not None:
        if to not in by_number:
            raise NotFound(f"There is no release {to}.", "See them all: `sandbox releases`.")
        target = _origin(by_number[to], by_number)
        if target is _origin(current, by_number):
            raise NotPossible(
                f"What release {to} brought is in force already.", "See them all: `sandbox releases`."
            )
        return target
    before = [number for number in by_number if number < _origin(current, by_number).number]
    if not before:
        raise NotPossible(
            f"There is no release before release {current.number}.", "See them all: `sandbox releases`."
        )
    return _origin(by_number[max(before)], by_number)


def check_seen(releases: Sequence[ReleaseRow], seen: int) -> None:
    """Raises `StateChanged` if another release came into force than the person saw."""
    current = in_force(releases)
    number = current.number if current else 0
    if number != seen:
        saw = f"release {seen}" if seen else "no release"
        raise StateChanged(
            f"You saw {saw} in force, but meanwhile somebody made release {number}.",
            "Look at what happened with `sandbox releases`, then decide again.",
        )


def kept(releases: Sequence[ReleaseRow], keep_previous: float, now: datetime) -> list[int]:
    """Numbers of earlier releases whose instances go on running, so that going back takes no start.

    These are the one that was left last and the one to which a rollback would go, for `keep_previous` seconds
    after the release in force was made.
    """
    current = in_force(releases)
    if current is None or now >= current.created_at + timedelta(seconds=keep_previous):
        return []
    numbers = {release.number for release in releases if release.number < current.number}
    standing = {max(numbers)} if numbers else set()
    with suppress(NotPossible):
        standing.add(rollback_target(releases).number)
    return sorted(standing - {current.number})


def _origin(release: R, by_number: dict[int, R]) -> R:
    return by_number[release.returns_to] if release.returns_to else release
