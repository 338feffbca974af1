"""The files as a function of what is wanted."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from sandbox_server.domain.edge import Backend, Edge, Mode, Server
from sandbox_server.router import EdgeSettings
from sandbox_server.router.config import CONFIG, digest, render

SMALL = EdgeSettings(slots=2, servers_per_slot=4)
LEASED = Edge(
    routes={"b.apps.localhost": "slot1", "a.apps.localhost": "waker"},
    labels={"slot1": "d2-x"},
    servers={
        Server("slot1", 2): Backend(IPv4Address("10.0.0.2"), Mode.up),
        Server("slot1", 4): Backend(IPv4Address("10.0.0.4"), Mode.drain),
    },
)


def lines(edge: Edge, slot: str) -> list[str]:
    text = render(SMALL, edge)[CONFIG].partition(f"backend {slot} from slots\n")[2].partition("backend ")[0]
    return [line.strip() for line in text.splitlines() if line.strip().startswith("server")]


def test_a_free_slot_is_a_template() -> None:
    assert lines(LEASED, "slot0") == ["server-template s 1-4 192.0.2.1:3838 disabled"]


def test_leased_servers_stand_between_the_free_ones() -> None:
    assert lines(LEASED, "slot1") == [
        "server-template s 1-1 192.0.2.1:3838 disabled",
        "server s2 10.0.0.2:3838",
        "server-template s 3-3 192.0.2.1:3838 disabled",
        "server s4 10.0.0.4:3838 weight 0",
    ]


def test_maps_are_sorted_lines() -> None:
    files = render(SMALL, LEASED)
    assert files["routes.map"] == "a.apps.localhost waker\nb.apps.localhost slot1\n"
    assert files["labels.map"] == "slot1 d2-x\n"
    assert files["pins.map"] == files["workers.map"] == ""


def test_routes_are_written_last() -> None:
    assert list(render(SMALL, LEASED))[-7:] == [
        CONFIG, "limits.map", "shares.map", "labels.map", "workers.map", "pins.map", "routes.map",
    ]  # fmt: skip


def test_the_digest_ignores_what_the_runtime_can_change() -> None:
    assert f'description "{digest(SMALL)}"' in render(SMALL, LEASED)[CONFIG]
    assert digest(SMALL) == digest(EdgeSettings(slots=2, servers_per_slot=4))


@pytest.mark.parametrize(
    "changed",
    [
        {"port": 9000}, {"slots": 3}, {"domain": "x.localhost"}, {"tunnel_timeout": 60}, {"scheme": "https"},
        {"certificate": Path("/a.pem")}, {"control": "127.0.0.1:9"}, {"max_connections": 9},
    ],
)  # fmt: skip
def test_the_digest_knows_everything_else(changed: dict[str, object]) -> None:
    assert digest(EdgeSettings(**{"slots": 2, "servers_per_slot": 4, **changed})) != digest(SMALL)  # type: ignore[arg-type]


def test_workers_leave_root_behind_if_there_is_a_user_for_it() -> None:
    assert "\n    user haproxy\n    group haproxy\n" in render(SMALL, Edge(), "haproxy")[CONFIG]
    assert "    user" not in render(SMALL, Edge())[CONFIG]


def test_https_makes_the_pin_secure() -> None:
    text = render(EdgeSettings(slots=1, scheme="https", certificate=Path("/x/cert.pem")), Edge())[CONFIG]
    assert "SameSite=Lax; Secure" in text
    assert 'bind 127.0.0.1:8080 ssl crt "/x/cert.pem"' in text


@pytest.mark.parametrize("domain", ["a b", "a\nb", "a;b", "a#b", "", "${x}", "a'b"])
def test_a_domain_cannot_be_a_line_of_configuration(domain: str) -> None:
    with pytest.raises(ValueError, match="cannot be a host"):
        EdgeSettings(domain=domain)


def test_a_certificate_cannot_either() -> None:
    with pytest.raises(ValueError, match="certificate"):
        EdgeSettings(certificate=Path('/a"\nglobal'))
