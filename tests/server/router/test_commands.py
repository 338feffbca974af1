"""Changes as lines for the socket."""

from ipaddress import IPv4Address

from sandbox_server.domain.edge import (
    Backend,
    ClearServer,
    DeleteEntry,
    Mode,
    Server,
    SetEntry,
    SetServer,
    Table,
)
from sandbox_server.router.commands import added, commands

PLACE = Server("slot3", 2)


def test_an_entry_is_one_line() -> None:
    entry = SetEntry(Table.routes, "a.apps.localhost", "slot1")
    assert commands(entry) == ["set map routes.map a.apps.localhost slot1"]
    assert added(entry) == "add map routes.map a.apps.localhost slot1"
    assert commands(DeleteEntry(Table.pins, "a|d1")) == ["del map pins.map a|d1"]


def test_a_server_gets_its_address_before_it_gets_traffic() -> None:
    assert commands(SetServer(PLACE, Backend(IPv4Address("10.0.0.5"), Mode.up))) == [
        "set server slot3/s2 addr 10.0.0.5 port 3838",
        "set server slot3/s2 weight 1",
        "set server slot3/s2 state ready",
    ]


def test_a_drained_server_has_no_weight() -> None:
    assert "set server slot3/s2 weight 0" in commands(
        SetServer(PLACE, Backend(IPv4Address("10.0.0.5"), Mode.drain))
    )


def test_a_cleared_server_loses_traffic_before_its_address() -> None:
    assert commands(ClearServer(PLACE)) == [
        "set server slot3/s2 state maint",
        "set server slot3/s2 addr 192.0.2.1 port 3838",
    ]
