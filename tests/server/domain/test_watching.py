"""Which release is watched, beside which, over which minutes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox_server.domain.watching import watched

NOON = datetime(2026, 3, 2, 12, 0, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Made:
    number: int
    deployment_id: int
    share: int = 100
    created_at: datetime = NOON
    returns_to: int | None = None
    kind: str = "promote"
    plan: dict[str, Any] = field(default_factory=dict)


def test_it_works() -> None:
    found = watched([Made(1, 1), Made(2, 2, share=10, plan={"seconds": 600})], minutes=10)
    assert found is not None
    assert (found.row.number, found.base and found.base.number, found.is_candidate) == (2, 1, True)
    assert (found.since, found.until) == (NOON.replace(second=0), NOON + 10 * MINUTE)
    assert found.beside(NOON) == (found.since, NOON)


def test_a_share_that_somebody_set_has_no_end() -> None:
    found = watched([Made(1, 1), Made(2, 2, share=10)], minutes=10)
    assert found is not None
    assert found.until is None
    assert not found.ended(NOON + timedelta(days=9))


def test_a_later_step_leaves_out_the_minute_that_it_shares_with_the_one_before() -> None:
    made = [Made(1, 1), Made(2, 2, share=10), Made(3, 2, share=50)]
    found = watched(made, minutes=10)
    assert found is not None
    assert found.since == NOON.replace(second=0) + MINUTE


def test_a_promote_is_watched_beside_the_full_release_before() -> None:
    found = watched([Made(1, 1), Made(2, 2, share=10), Made(3, 2)], minutes=5)
    assert found is not None
    assert (found.row.number, found.base and found.base.number) == (3, 1)
    assert found.until == NOON + 5 * MINUTE
    assert not found.is_candidate
    # All visitors have left the other one: the day before its end counts.
    assert found.day(NOON + MINUTE) == (found.since - timedelta(days=1), found.since)


def test_a_first_release_has_nothing_before_it() -> None:
    found = watched([Made(1, 1)], minutes=5)
    assert found is not None
    assert (found.base, found.beside(NOON)) == (None, None)


def test_the_same_deployment_is_never_compared_over_the_same_minutes() -> None:
    found = watched([Made(1, 1), Made(2, 1)], minutes=5)
    assert found is not None
    assert found.beside(NOON) is None


def test_what_is_not_watched() -> None:
    assert watched([], minutes=5) is None
    assert watched([Made(1, 1)], minutes=0) is None
    assert watched([Made(1, 1), Made(2, 2), Made(3, 1, kind="rollback", returns_to=1)], minutes=5) is None
    assert watched([Made(1, 1), Made(2, 2, share=10), Made(3, 2, share=0, kind="abort")], minutes=5) is None
