"""Which release is in force, which one has a share beside it, which comes before, and which keep running.

Rows with a share of 100 are full; of these the newest is in force. A newer row with less is a candidate beside it, and
one with 0 says that a candidate was given up. Of all rows of an app the newest alone says who gets what now.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from sandbox_server.errors import NotFound, NotPossible, StateChanged

ALL = 100


class ReleaseRow(Protocol):
    """What these rules need of a release."""

    number: int
    returns_to: int | None
    created_at: datetime
    share: int


R = TypeVar("R", bound=ReleaseRow)


def newest(releases: Sequence[R]) -> R | None:
    """Of any share."""
    return max(releases, key=lambda release: release.number, default=None)


def in_force(releases: Sequence[R]) -> R | None:
    """The newest full one."""
    return newest(_full(releases))


def candidate(releases: Sequence[R]) -> R | None:
    """The newest one, if it has only a share of the visitors."""
    last = newest(releases)
    return last if last and 0 < last.share < ALL else None


def serving(releases: Sequence[R]) -> list[R]:
    """Those that have the app's users now: the one in force, and the candidate if there is one."""
    return [release for release in (in_force(releases), candidate(releases)) if release is not None]


def rollback_target(releases: Sequence[R], to: int | None = None) -> R:
    """The full release that a rollback brings back: `to`, or the one before.

    Rolling back twice goes one further back: what counts is the place to which the release in force had returned.
    Raises `NotPossible` if there is none before, if `to` is in force or never was wholly, `NotFound` for a number that
    never was.
    """
    current = in_force(releases)
    if current is None:
        raise NotPossible("Nothing is released yet.", "Release a deployment first: `sandbox promote`.")
    by_number = {release.number: release for release in _full(releases)}
    if to is not None:
        return _named(releases, to, by_number, current)
    before = [number for number in by_number if number < _origin(current, by_number).number]
    if not before:
        raise NotPossible(
            f"There is no release before release {_origin(current, by_number).number}.",
            "See them all: `sandbox releases`.",
        )
    return _origin(by_number[max(before)], by_number)


def check_seen(releases: Sequence[ReleaseRow], seen: int) -> None:
    """Raises `StateChanged` if the newest release is another one than the person saw."""
    last = newest(releases)
    number = last.number if last else 0
    if number == seen:
        return
    saw = f"release {seen}" if seen else "no release"
    what = _happened(last) if last else ""
    raise StateChanged(
        f"You saw {saw} in force, but meanwhile {what or f'somebody made release {number}'}.",
        "Look at what happened with `sandbox releases`, then decide again.",
    )


def kept(releases: Sequence[ReleaseRow], keep_previous: float, now: datetime) -> list[int]:
    """Numbers of earlier full releases whose instances go on running, so that going back takes no start.

    These are the one that was left last and the one to which a rollback would go, for `keep_previous` seconds
    after the release in force was made.
    """
    current = in_force(releases)
    if current is None or now >= current.created_at + timedelta(seconds=keep_previous):
        return []
    numbers = {release.number for release in _full(releases) if release.number < current.number}
    kept_ones = {max(numbers)} if numbers else set()
    with suppress(NotPossible):
        kept_ones.add(rollback_target(releases).number)
    return sorted(kept_ones - {current.number})


def _full(releases: Sequence[R]) -> list[R]:
    return [release for release in releases if release.share == ALL]


def _named(releases: Sequence[R], to: int, by_number: dict[int, R], current: R) -> R:
    if to not in by_number:
        if any(release.number == to for release in releases):
            raise NotPossible(
                f"Release {to} never had all visitors, so it is nothing to go back to.",
                "See which ones did: `sandbox releases`.",
            )
        raise NotFound(f"There is no release {to}.", "See them all: `sandbox releases`.")
    target = _origin(by_number[to], by_number)
    if target is _origin(current, by_number):
        raise NotPossible(
            f"What release {to} brought is in force already.", "See them all: `sandbox releases`."
        )
    return target


def _happened(last: ReleaseRow) -> str:
    """What somebody who waits with an older picture has to know."""
    if last.share == ALL:
        return f"somebody made release {last.number}"
    if last.share:
        return f"somebody made release {last.number}, a candidate with {last.share} % of the visitors"
    return f"the candidate was given up with release {last.number}"


def _origin(release: R, by_number: dict[int, R]) -> R:
    return by_number[release.returns_to] if release.returns_to else release
