"""The edge that the rows ask for."""

from dataclasses import replace

from sandbox_server.domain.edge import Mode
from sandbox_server.domain.instance import InstanceState, Scope
from sandbox_server.domain.routing import Candidate, Lease, Place, ReleasedSpec, wanted_edge

HOST = "sales.apps.localhost"
SANDBOX, PERMALINK = f"main--{HOST}", f"d1--{HOST}"
TRIED = Lease(
    app="sales", branch_label="main", deployment=1, scope=Scope.sandbox, spec_hash="aaaaaaaa11", slot=0, server=1,
    address="10.0.0.2", worker="w1", state=InstanceState.up, visited=True,
)  # fmt: skip
RELEASED = replace(
    TRIED, scope=Scope.release, spec_hash="bbbbbbbb11", slot=1, address="10.0.0.3", worker="w2"
)
SPEC = ReleasedSpec(1, "bbbbbbbb11")
PLACE = Place("sales", SPEC, {"main": 1}, [1], frozenset({SPEC}))


def edge(*leases: Lease, place: Place = PLACE):  # type: ignore[no-untyped-def]
    return wanted_edge([place], leases, "apps.localhost")


def test_it_works() -> None:
    made = edge(TRIED, RELEASED)
    assert made.routes == {HOST: "slot1", SANDBOX: "slot0", PERMALINK: "slot0"}
    assert made.labels == {"slot0": "d1-aaaaaaaa", "slot1": "d1-bbbbbbbb"}
    assert made.workers == {
        f"{HOST}|w2": "slot1/s1",
        f"{SANDBOX}|w1": "slot0/s1",
        f"{PERMALINK}|w1": "slot0/s1",
    }
    assert f"{HOST}|d1-bbbbbbbb" in made.pins


def test_hosts_without_an_instance_lead_to_the_waker() -> None:
    assert set(edge().routes.values()) == {"waker"}


def test_a_sandbox_never_serves_the_release() -> None:
    assert edge(TRIED).routes[HOST] == "waker"
    assert not [key for key in edge(TRIED).pins if key.startswith(HOST)]


def test_a_candidate_is_reached_by_its_one_time_pin_only() -> None:
    candidate = replace(
        RELEASED, deployment=2, state=InstanceState.starting, visited=False, visit_pin="visit-1"
    )
    made = edge(RELEASED, candidate)
    assert made.routes[HOST] == "slot1"
    assert [key for key in made.pins if key.startswith(HOST)] == [f"{HOST}|d1-bbbbbbbb", f"{HOST}|visit-1"]


def test_a_candidate_that_was_visited_cannot_be_asked_for_before_it_is_released() -> None:
    candidate = replace(RELEASED, deployment=2, slot=2)
    assert f"{HOST}|d2-bbbbbbbb" not in edge(RELEASED, candidate).pins


def test_what_starts_is_nowhere() -> None:
    made = edge(replace(RELEASED, state=InstanceState.starting))
    assert (made.servers, made.workers, made.pins) == ({}, {}, {})


def test_what_drains_keeps_its_sessions_and_gets_no_page_loads() -> None:
    made = edge(replace(RELEASED, state=InstanceState.draining))
    assert made.routes[HOST] == "waker"
    assert [backend.mode for backend in made.servers.values()] == [Mode.drain]
    assert f"{HOST}|w2" in made.workers


def test_one_on_which_a_session_came_up_is_better_than_a_newer_one() -> None:
    newer = replace(TRIED, spec_hash="cccccccc11", slot=2, visited=False)
    assert edge(TRIED, newer).routes[SANDBOX] == "slot0"
    assert edge(TRIED, replace(newer, visited=True)).routes[SANDBOX] == "slot2"


def test_another_app_is_none_of_its_business() -> None:
    assert set(edge(replace(TRIED, app="other")).routes.values()) == {"waker"}


CANDIDATE = replace(RELEASED, deployment=2, spec_hash="cccccccc11", slot=2, worker="w3", address="10.0.0.4")
TRIAL = replace(PLACE, candidate=Candidate(CANDIDATE.spec, 10), released=PLACE.released | {CANDIDATE.spec})


def test_a_candidate_gets_its_share_and_its_pages_their_assets() -> None:
    made = edge(RELEASED, CANDIDATE, place=TRIAL)
    assert (made.routes[HOST], made.shares) == ("slot1", {HOST: "10:slot2"})
    assert made.pins[f"{HOST}|d2-cccccccc"] == "slot2"


def test_of_an_api_requests_are_drawn() -> None:
    drawn = replace(TRIAL, candidate=Candidate(CANDIDATE.spec, 50, each=True))
    assert edge(RELEASED, CANDIDATE, place=drawn).shares == {HOST: "50:slot2:each"}


def test_nobody_is_led_to_a_candidate_that_is_not_up_or_was_not_visited() -> None:
    for state in (InstanceState.starting, InstanceState.draining, InstanceState.stopping):
        assert edge(RELEASED, replace(CANDIDATE, state=state), place=TRIAL).shares == {}
    assert edge(RELEASED, replace(CANDIDATE, visited=False), place=TRIAL).shares == {}
    assert edge(RELEASED, replace(CANDIDATE, scope=Scope.sandbox), place=TRIAL).shares == {}
    assert edge(RELEASED, place=TRIAL).shares == {}


def test_nobody_waits_unless_the_app_says_so() -> None:
    assert edge(TRIED, RELEASED).limits == {}


def test_an_app_is_full_when_all_instances_are_and_no_further_one_comes() -> None:
    first = replace(RELEASED, each=10, most=3)
    second, third = (replace(first, server=n, worker=f"w{n}", address=f"10.0.1.{n}") for n in (2, 3))
    assert edge(first).limits == {"slot1": "20"}
    assert edge(first, second).limits == {"slot1": "30"}
    assert edge(first, second, third).limits == {"slot1": "30"}
    assert edge(first, replace(second, state=InstanceState.draining)).limits == {"slot1": "20"}
    assert edge(replace(first, most=1)).limits == {"slot1": "10"}
