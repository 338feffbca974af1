"""Which release is in force, and which one is before it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from sandbox_server.domain.release import candidate, check_seen, in_force, kept, rollback_target, serving
from sandbox_server.errors import NotFound, NotPossible, StateChanged

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = 24 * 3600


@dataclass
class Made:
    number: int
    returns_to: int | None = None
    created_at: datetime = NOON
    share: int = 100


def history(*returns: int | None) -> list[Made]:
    return [Made(number, to) for number, to in enumerate(returns, 1)]


def target(*returns: int | None) -> int:
    return rollback_target(history(*returns)).number


def test_it_works() -> None:
    assert in_force(history(None, None)) == Made(2)
    assert target(None, None) == 1


def test_nothing_is_in_force_before_the_first_release() -> None:
    assert in_force([]) is None
    with pytest.raises(NotPossible):
        rollback_target([])


def test_twice_goes_one_further_back() -> None:
    assert target(None, None, None) == 2
    assert target(None, None, None, 2) == 1


def test_a_promote_after_a_rollback_goes_back_to_what_the_rollback_brought() -> None:
    assert target(None, None, 1, None) == 1


def test_the_first_release_has_none_before_it() -> None:
    for returns in ((None,), (None, None, 1)):
        with pytest.raises(NotPossible, match="no release before"):
            rollback_target(history(*returns))


def test_a_rollback_that_is_named_leads_to_what_it_had_brought_back() -> None:
    made = history(None, None, 1, None)
    assert rollback_target(made, 2).number == 2
    assert rollback_target(made, 3).number == 1
    with pytest.raises(NotFound):
        rollback_target(made, 9)


def test_what_is_in_force_already_cannot_be_brought_back() -> None:
    for to in (2, 4):
        with pytest.raises(NotPossible, match="in force already"):
            rollback_target(history(None, None, None, 2), to)


def test_who_saw_another_release_is_refused() -> None:
    check_seen(history(None), 1)
    check_seen([], 0)
    with pytest.raises(
        StateChanged, match="You saw no release in force, but meanwhile somebody made release 1"
    ):
        check_seen(history(None), 0)


def test_what_was_left_last_and_what_a_rollback_needs_is_kept() -> None:
    assert kept(history(None, None), DAY, NOON) == [1]
    assert kept(history(None, None, None, 2), DAY, NOON) == [1, 3]
    assert kept([], DAY, NOON) == []


def test_nothing_is_kept_for_longer_than_agreed() -> None:
    assert kept(history(None, None), DAY, NOON + timedelta(days=1)) == []


def with_shares(*shares: int) -> list[Made]:
    return [Made(number, share=share) for number, share in enumerate(shares, 1)]


def test_a_candidate_is_beside_the_release_in_force() -> None:
    made = with_shares(100, 10, 50)
    assert (in_force(made), candidate(made)) == (made[0], made[2])
    assert serving(made) == [made[0], made[2]]


def test_a_candidate_ends_with_whatever_comes_after_it() -> None:
    assert candidate(with_shares(100, 10, 0)) is None
    assert candidate(with_shares(100, 10, 100)) is None
    assert candidate([]) is None
    assert [row.number for row in serving(with_shares(100, 10, 0))] == [1]


def test_only_full_releases_are_kept_and_gone_back_to() -> None:
    made = with_shares(100, 10, 50, 100, 20, 0)
    assert rollback_target(made).number == 1
    assert kept(made, DAY, NOON) == [1]
    with pytest.raises(NotPossible, match="Release 3 never had all visitors"):
        rollback_target(made, 3)
    with pytest.raises(NotPossible, match="no release before"):
        rollback_target(with_shares(100, 10))


def test_who_saw_an_older_share_is_told_what_happened() -> None:
    check_seen(with_shares(100, 10), 2)
    with pytest.raises(StateChanged, match="somebody made release 2, a candidate with 10 % of the visitors"):
        check_seen(with_shares(100, 10), 1)
    with pytest.raises(StateChanged, match="the candidate was given up with release 3"):
        check_seen(with_shares(100, 10, 0), 2)
