"""The way from one edge to another."""

from dataclasses import replace
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain.edge import (
    Backend,
    ClearServer,
    DeleteEntry,
    Edge,
    Mode,
    Server,
    SetEntry,
    SetServer,
    Table,
    applied,
    changes,
)

HOST = "sales.apps.localhost"
A, B = Server("slot0", 1), Server("slot1", 1)
ONE, TWO = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")

D1 = Edge(
    routes={HOST: "slot0"},
    pins={f"{HOST}|d1": "slot0"},
    workers={f"{HOST}|w1": "slot0/s1"},
    labels={"slot0": "d1"},
    servers={A: Backend(ONE, Mode.up)},
)
D2 = Edge(
    routes={HOST: "slot1"},
    pins={f"{HOST}|d1": "slot0", f"{HOST}|d2": "slot1"},
    workers={f"{HOST}|w1": "slot0/s1", f"{HOST}|w2": "slot1/s1"},
    labels={"slot0": "d1", "slot1": "d2"},
    servers={A: Backend(ONE, Mode.drain), B: Backend(TWO, Mode.up)},
)


def test_a_promote_adds_then_switches_then_drains() -> None:
    assert changes(D1, D2) == [
        SetServer(B, Backend(TWO, Mode.up)),
        SetEntry(Table.labels, "slot1", "d2"),
        SetEntry(Table.workers, f"{HOST}|w2", "slot1/s1"),
        SetEntry(Table.pins, f"{HOST}|d2", "slot1"),
        SetEntry(Table.routes, HOST, "slot1"),
        SetServer(A, Backend(ONE, Mode.drain)),
    ]


def test_a_rollback_lets_pages_in_again_before_it_switches() -> None:
    steps = changes(D2, D1)
    assert steps[0] == SetServer(A, Backend(ONE, Mode.up))
    assert steps[1] == SetEntry(Table.routes, HOST, "slot0")
    assert steps[-1] == ClearServer(B)


def test_what_leaves_goes_after_all_that_points_at_it() -> None:
    assert changes(D1, Edge()) == [
        DeleteEntry(Table.routes, HOST),
        DeleteEntry(Table.pins, f"{HOST}|d1"),
        DeleteEntry(Table.workers, f"{HOST}|w1"),
        DeleteEntry(Table.labels, "slot0"),
        ClearServer(A),
    ]


def test_an_instance_is_forgotten_before_its_place_is_given_away() -> None:
    wanted = Edge(workers={f"{HOST}|w2": "slot0/s1"}, servers={A: Backend(TWO, Mode.up)})
    assert changes(D1, wanted)[:2] == [
        DeleteEntry(Table.workers, f"{HOST}|w1"),
        SetServer(A, Backend(TWO, Mode.up)),
    ]


def test_a_candidate_stands_before_visitors_are_led_to_it_and_as_long_as_they_are() -> None:
    shared = replace(D2, routes=D1.routes, shares={HOST: "10:slot1"}, limits={"slot1": "5"})
    steps = changes(D1, shared)
    assert steps[-2:] == [
        SetEntry(Table.shares, HOST, "10:slot1"), SetServer(A, Backend(ONE, Mode.drain))
    ]  # fmt: skip
    assert steps.index(SetEntry(Table.limits, "slot1", "5")) < steps.index(steps[-2])
    back = changes(shared, D1)
    assert back.index(DeleteEntry(Table.shares, HOST)) < back.index(DeleteEntry(Table.labels, "slot1"))
    assert back[-1] == ClearServer(B)


def test_the_last_step_of_a_canary_leads_everybody_over_before_the_share_ends() -> None:
    shared = replace(D2, routes=D1.routes, shares={HOST: "50:slot1"})
    assert changes(shared, D2) == [
        SetEntry(Table.routes, HOST, "slot1"), DeleteEntry(Table.shares, HOST)
    ]  # fmt: skip


def test_nothing_changes_what_is_right() -> None:
    assert changes(D2, D2) == []


def test_applied_leaves_the_edge_it_was_given_alone() -> None:
    before = applied(D1, [])
    applied(D1, changes(D1, D2))
    assert before == D1


slots = st.sampled_from(["slot0", "slot1", "slot2"])
places = st.builds(Server, slots, st.integers(1, 2))
hosts = st.sampled_from(["a", "b", "c"])
edges = st.builds(
    Edge,
    routes=st.dictionaries(hosts, slots),
    pins=st.dictionaries(st.sampled_from(["a|d1", "a|d2", "b|d3"]), slots),
    workers=st.dictionaries(st.sampled_from(["a|w1", "a|w2", "b|w3"]), places.map(str)),
    labels=st.dictionaries(slots, st.sampled_from(["d1", "d2"])),
    shares=st.dictionaries(hosts, slots.map("10:{}".format)),
    limits=st.dictionaries(slots, st.sampled_from(["1", "20"])),
    servers=st.dictionaries(
        places,
        st.builds(Backend, st.sampled_from([ONE, TWO, IPv4Address("10.0.0.3")]), st.sampled_from(Mode)),
    ),
)


@given(edges, edges)
def test_the_changes_always_lead_to_what_is_wanted(now: Edge, wanted: Edge) -> None:
    assert applied(now, changes(now, wanted)) == wanted


@given(edges, edges)
def test_a_host_that_is_served_before_and_after_is_served_at_every_step(now: Edge, wanted: Edge) -> None:
    steps = changes(now, wanted)
    kept = [
        host
        for host in now.routes.keys() & wanted.routes.keys()
        if _serves(now, host) and _serves(wanted, host)
    ]
    for count in range(len(steps) + 1):
        between = applied(now, steps[:count])
        assert [host for host in kept if not _serves(between, host)] == []


@given(edges, edges)
def test_no_session_reaches_an_instance_that_is_not_its_own_on_the_way(now: Edge, wanted: Edge) -> None:
    steps = changes(now, wanted)
    right = {(w, address) for edge in (now, wanted) for w in edge.workers if (address := _instance(edge, w))}
    leaving = now.workers.keys() - wanted.workers.keys()
    for count in range(len(steps) + 1):
        between = applied(now, steps[:count])
        assert [w for w in leaving if (at := _instance(between, w)) and (w, at) not in right] == []


def _serves(edge: Edge, host: str) -> bool:
    slot = edge.routes.get(host)
    return any(server.slot == slot and backend.mode is Mode.up for server, backend in edge.servers.items())


def _instance(edge: Edge, w: str) -> IPv4Address | None:
    places = {str(server): backend.address for server, backend in edge.servers.items()}
    return places.get(edge.workers.get(w, ""))
