"""Choosing a subnet."""

from ipaddress import IPv4Network

import pytest

from sandbox_server.errors import RuntimeUnavailable
from sandbox_server.runtime.network import free_subnet, host_routes

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
tun0\t0000E70A\t00000000\t0001\t0\t0\t0\t00FCFFFF\t0\t0\t0
"""


def test_the_first_one_on_an_empty_machine() -> None:
    assert free_subnet([]) == IPv4Network("10.231.0.0/22")


def test_whatever_overlaps_is_passed_over() -> None:
    taken = [IPv4Network("10.231.0.0/24"), IPv4Network("10.231.6.0/23"), IPv4Network("172.17.0.0/16")]
    assert free_subnet(taken) == IPv4Network("10.231.8.0/22")


def test_a_route_to_all_of_ten_leads_to_another_range() -> None:
    assert free_subnet([IPv4Network("10.0.0.0/8")]) == IPv4Network("172.30.0.0/22")


def test_a_machine_without_room_says_what_to_set() -> None:
    with pytest.raises(RuntimeUnavailable) as refusal:
        free_subnet([IPv4Network("0.0.0.0/0")])
    assert "SANDBOX_SUBNET" in refusal.value.hint


def test_routes_are_read_without_the_default_one() -> None:
    assert host_routes(ROUTES) == [IPv4Network("172.17.0.0/16"), IPv4Network("10.231.0.0/22")]
