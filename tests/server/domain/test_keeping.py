"""What has to run, and what may go."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any

from sandbox_server.domain.instance import Scope, Spec, free_address
from sandbox_server.domain.keeping import Run, images_to_keep, may_retire, may_sleep, retry_after, wanted_runs

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES: dict[str, Any] = {"settle": 10, "drain_deadline": 3600, "now": NOON}


@dataclass
class Made:
    number: int
    deployment_id: int
    spec_hash: str = "s"
    variables_at: int = 0
    returns_to: int | None = None
    created_at: datetime = NOON


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def test_it_works() -> None:
    runs = wanted_runs([1], {7: [Made(1, 1), Made(2, 2)]}, 3600, NOON)
    assert runs == {
        Run(1, Scope.sandbox), Run(1, Scope.release, "s", 0), Run(2, Scope.release, "s", 0)
    }  # fmt: skip


def test_an_earlier_release_is_not_wanted_after_its_time() -> None:
    runs = wanted_runs([], {7: [Made(1, 1), Made(2, 2)]}, 3600, NOON + timedelta(hours=2))
    assert runs == {Run(2, Scope.release, "s", 0)}


def test_a_sandbox_sleeps_once_it_is_replaced_and_empty() -> None:
    def sleeps(replaced: datetime | None, sessions: int | None, awake: datetime | None = None) -> bool:
        return may_sleep(replaced_at=replaced, awake_until=awake, sessions=sessions, **RULES)

    assert sleeps(ago(60), 0)
    assert not sleeps(None, 0)
    assert not sleeps(ago(60), 1)
    assert not sleeps(ago(60), None)
    assert not sleeps(ago(5), 0)
    assert not sleeps(ago(60), 0, NOON)
    assert sleeps(ago(7200), 1)
    assert not sleeps(ago(7200), None)


def test_an_instance_goes_after_its_last_session_or_the_deadline() -> None:
    def goes(since: datetime | None, sessions: int | None) -> bool:
        return may_retire(drains_since=since, sessions=sessions, **RULES)

    assert goes(ago(60), 0)
    assert not goes(None, 0)
    assert not goes(ago(5), 0)
    assert not goes(ago(60), 2)
    assert goes(ago(7200), 2)
    assert not goes(ago(7200), None)


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
