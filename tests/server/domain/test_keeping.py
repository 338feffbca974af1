"""What has to run, and what may go."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain.instance import Scope, Spec, free_address
from sandbox_server.domain.keeping import (
    Run,
    images_to_keep,
    may_retire,
    retry_after,
    too_many,
    wanted_count,
    wanted_runs,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Made:
    number: int
    deployment_id: int
    spec_hash: str = "s"
    variables_at: int = 0
    returns_to: int | None = None
    created_at: datetime = NOON
    share: int = 100


def test_it_works() -> None:
    runs = wanted_runs([1], {7: [Made(1, 1), Made(2, 2)]}, 3600, NOON)
    assert runs == {
        Run(1, Scope.sandbox), Run(1, Scope.release, "s", 0, spare=True), Run(2, Scope.release, "s", 0)
    }  # fmt: skip


def test_what_is_in_force_again_is_no_spare_one() -> None:
    runs = wanted_runs([], {7: [Made(1, 1), Made(2, 2), Made(3, 1, returns_to=1)]}, 3600, NOON)
    assert runs == {Run(1, Scope.release, "s", 0), Run(2, Scope.release, "s", 0, spare=True)}


def test_a_kept_release_that_somebody_ended_is_not_wanted_and_one_in_force_always() -> None:
    ended = {(1, "s"), (2, "s")}
    assert wanted_runs([], {7: [Made(1, 1), Made(2, 2)]}, 3600, NOON, ended) == {
        Run(2, Scope.release, "s", 0)
    }


def test_a_candidate_runs_beside_the_release_in_force_and_no_longer() -> None:
    made = [Made(1, 1), Made(2, 2, share=10)]
    assert {run.deployment for run in wanted_runs([], {7: made}, 3600, NOON)} == {1, 2}
    assert {run.deployment for run in wanted_runs([], {7: [*made, Made(3, 2, share=0)]}, 3600, NOON)} == {1}


def test_an_earlier_release_is_not_wanted_after_its_time() -> None:
    runs = wanted_runs([], {7: [Made(1, 1), Made(2, 2)]}, 3600, NOON + timedelta(hours=2))
    assert runs == {Run(2, Scope.release, "s", 0)}


def test_an_instance_goes_after_its_last_session_or_when_its_time_is_over() -> None:
    def goes(
        sessions: int | None, *, settled: bool = True, overdue: bool = False, asked: bool = False
    ) -> bool:
        return may_retire(sessions=sessions, settled=settled, overdue=overdue, asked=asked)

    assert goes(0)
    assert not goes(0, settled=False)
    assert not goes(2)
    assert not goes(None)
    assert goes(2, overdue=True)
    assert not goes(2, overdue=True, settled=False)
    assert not goes(None, overdue=True)


def test_whose_end_somebody_asked_for_goes_then_in_any_case() -> None:
    for sessions in (0, 2, None):
        assert may_retire(sessions=sessions, settled=False, overdue=True, asked=True)


NUMBERS = st.tuples(st.integers(1, 7), st.integers(0, 7), st.integers(1, 50))
"""Least, how many more at most, and sessions for each."""


@given(NUMBERS, st.none() | st.integers(0, 1000), st.integers(0, 20), st.booleans())
def test_there_are_never_fewer_than_the_least_and_never_more_than_the_most(
    numbers: tuple[int, int, int], sessions: int | None, up: int, calm: bool
) -> None:
    least, more, each = numbers
    most = least + more
    count = wanted_count(least=least, most=most, each=each, sessions=sessions, up=up, calm=calm)
    assert least <= count <= most
    assert count >= min(up, most) - 1


@given(NUMBERS, st.integers(0, 1000))
def test_it_comes_to_rest_with_room_for_all_and_does_not_go_up_and_down(
    numbers: tuple[int, int, int], sessions: int
) -> None:
    least, more, each = numbers
    most = least + more

    def settled(up: int) -> int:
        for _ in range(30):
            calm = too_many(least=least, each=each, sessions=sessions, up=up)
            up, before = (
                wanted_count(least=least, most=most, each=each, sessions=sessions, up=up, calm=calm), up
            )  # fmt: skip
            if up == before:
                return up
        raise AssertionError("it goes up and down")

    few, many = settled(least), settled(most)
    assert few <= many
    assert sessions < few * each or few == most
    # One session more or less changes nothing at once: where it shrank to, it need not grow.
    assert not too_many(least=least, each=each, sessions=sessions, up=few)


def test_another_one_comes_before_all_are_full() -> None:
    def count(sessions: int, up: int = 1) -> int:
        return wanted_count(least=1, most=4, each=10, sessions=sessions, up=up, calm=False)

    assert [count(sessions) for sessions in (0, 7, 8, 15, 16, 100)] == [1, 1, 2, 2, 3, 4]
    assert count(3, up=2) == 2


def test_a_count_that_is_not_known_changes_nothing() -> None:
    assert wanted_count(least=1, most=4, each=10, sessions=None, up=3, calm=False) == 3
    assert not too_many(least=1, each=10, sessions=None, up=3)


def test_waiting_doubles_up_to_five_minutes() -> None:
    assert [retry_after(count) for count in (-1, 0, 1, 2, 5, 12)] == [0, 0, 2, 4, 32, 300]


def test_the_newest_images_of_each_branch_stay_and_released_ones_always() -> None:
    rows = [(1, 1, "a"), (1, 2, "b"), (1, 3, "c"), (2, 4, "d"), (1, 5, "c")]
    assert images_to_keep(rows, {"a"}, set(), 1) == {"a", "c", "d"}
    assert images_to_keep(rows, set(), {"b"}, 2) == {"b", "c", "d"}


def test_equal_specs_have_equal_hashes_and_others_do_not() -> None:
    spec = Spec("sha256:1", Scope.sandbox, 1, 1.0, "UTC", {"A": 1, "B": 2})
    assert spec.hash == Spec("sha256:1", Scope.sandbox, 1, 1.0, "UTC", {"B": 2, "A": 1}).hash
    others = [
        Spec("sha256:2", Scope.sandbox, 1, 1.0, "UTC", {"A": 1, "B": 2}),
        Spec("sha256:1", Scope.release, 1, 1.0, "UTC", {"A": 1, "B": 2}),
        Spec("sha256:1", Scope.sandbox, 2, 1.0, "UTC", {"A": 1, "B": 2}),
        Spec("sha256:1", Scope.sandbox, 1, 1.0, "UTC", {"A": 1, "B": 3}),
    ]
    assert len({spec.hash, *(other.hash for other in others)}) == 5


def test_addresses_go_round_and_leave_the_bridge_its_own() -> None:
    subnet = IPv4Network("10.9.0.0/29")
    assert {free_address(subnet, set(), number) for number in range(20)} == {
        f"10.9.0.{host}" for host in range(2, 7)
    }
    taken = {f"10.9.0.{host}" for host in range(2, 7)}
    assert free_address(subnet, taken - {"10.9.0.4"}, 3) == "10.9.0.4"
    assert free_address(subnet, taken, 3) is None
