"""When a sandbox, or a release that may, goes to sleep. Pure rules; an unknown count always means no."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

RETRY_AFTER = 60.0
"""Seconds after which something that did not come up is started again by whoever comes."""

_TOLD_EVERY = 60.0
"""Seconds: how exactly it is remembered when something was last in use."""


class Made(Protocol):
    """What these rules need of a release."""

    created_at: datetime


def may_sleep(
    *,
    ready_at: datetime | None,
    replaced_at: datetime | None,
    used_at: datetime | None,
    sessions: int | None,
    sleep_after: float,
    settle: float,
    drain_deadline: float | None,
    now: datetime,
) -> bool:
    """May a ready deployment's sandbox go to sleep?

    One whose branch has moved on goes with its last session, or at the deadline. Any other one, and an older one that
    somebody started again since, after `sleep_after` seconds without use.
    """
    if sessions is None:
        return False
    if replaced_at is not None and (ready_at is None or ready_at <= replaced_at):
        left = (now - replaced_at).total_seconds()
        return left >= settle and (sessions == 0 or (drain_deadline is not None and left >= drain_deadline))
    last = max((at for at in (ready_at, used_at) if at is not None), default=None)
    if sessions or last is None:
        return False
    return now >= last + timedelta(seconds=max(sleep_after, settle))


def release_may_sleep(
    *, made_at: datetime, used_at: datetime | None, sessions: int | None, sleep_after: float, now: datetime
) -> bool:
    """May a release sleep that its app allows to? After as long without use as a sandbox."""
    last = max(made_at, used_at or made_at)
    return sessions == 0 and now >= last + timedelta(seconds=sleep_after)


def must_tell_use(used_at: datetime | None, sleep_after: float, now: datetime) -> bool:
    """Is it worth a write that it is in use now? A time yet to come is one of a clock that was put back."""
    every = timedelta(seconds=min(_TOLD_EVERY, sleep_after / 10))
    return used_at is None or not now - every < used_at <= now


def release_sleeps(releases: Sequence[Made], asleep_since: datetime | None) -> bool:
    """A release that was made later than its app's went to sleep runs."""
    return asleep_since is not None and all(release.created_at <= asleep_since for release in releases)
