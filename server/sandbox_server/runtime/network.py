"""The platform's own bridge networks, each with a subnet that nobody else uses."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, ip_network
from pathlib import Path

from docker import APIClient
from docker.errors import APIError, NotFound

from sandbox_server.errors import RuntimeUnavailable
from sandbox_server.runtime.engine import explain
from sandbox_server.runtime.request import PLATFORM_LABEL, network_request

_POOLS = (IPv4Network("10.231.0.0/16"), IPv4Network("172.30.0.0/15"), IPv4Network("192.168.192.0/18"))
_PREFIX = 22
"""1,022 hosts: a bridge has 1,023 ports."""
_ROUTES = Path("/proc/net/route")
_RACES = 20
_HINT = "Set SANDBOX_SUBNET to a free /22, such as 10.77.0.0/22."


def ensure_network(client: APIClient, platform: str, name: str, subnet: IPv4Network | None) -> IPv4Network:
    """Make the network if it is absent; return its subnet. Blocks.

    Raises `RuntimeUnavailable` if the subnet is taken, or if the network has another one and is in use.
    """
    lost: list[IPv4Network] = []
    for _ in range(_RACES):
        present = find_network(client, platform, name)
        if present is not None and subnet in (None, present):
            return present
        if present is not None:
            _remove_unused(client, name, present)
        wanted = subnet or free_subnet([*_taken(client), *host_routes(_read_routes()), *lost])
        if _made(client, platform, name, wanted, fixed=subnet is not None):
            return wanted
        lost.append(wanted)
    raise RuntimeUnavailable("No subnet could be had for the platform's network.", hint=_HINT)


def find_network(client: APIClient, platform: str, name: str) -> IPv4Network | None:
    """The network's subnet, if it is there. Raises `RuntimeUnavailable` if it is somebody else's."""
    try:
        network = client.inspect_network(name)
    except NotFound:
        return None
    if (network["Labels"] or {}).get(PLATFORM_LABEL) != platform:
        raise RuntimeUnavailable(
            f"The network {name} is not ours.",
            hint=f"Look at it and remove it: `docker network rm {name}`.",
        )
    return IPv4Network(network["IPAM"]["Config"][0]["Subnet"])


def remove_network(client: APIClient, platform: str, name: str) -> None:
    """Absent is success."""
    if find_network(client, platform, name) is None:
        return
    try:
        client.remove_network(name)
    except NotFound:
        return


def free_subnet(taken: Iterable[IPv4Network]) -> IPv4Network:
    """The first subnet of ours that overlaps none of `taken`. Raises `RuntimeUnavailable`."""
    known = list(taken)
    for subnet in _candidates():
        if not any(subnet.overlaps(other) for other in known):
            return subnet
    raise RuntimeUnavailable("Every subnet that the platform would choose is in use.", hint=_HINT)


def host_routes(table: str) -> list[IPv4Network]:
    """Networks that the host has a route to, from the text of /proc/net/route; the default route is none."""
    rows = [line.split() for line in table.splitlines()[1:]]
    routes = [(_little_endian(row[1]), _little_endian(row[7])) for row in rows if len(row) > 7]
    return [IPv4Network((address, str(mask)), strict=False) for address, mask in routes if int(mask)]


def _candidates() -> Iterator[IPv4Network]:
    for pool in _POOLS:
        yield from pool.subnets(new_prefix=_PREFIX)


def _little_endian(digits: str) -> IPv4Address:
    return IPv4Address(bytes.fromhex(digits)[::-1])


def _read_routes() -> str:
    return _ROUTES.read_text() if _ROUTES.exists() else ""


def _taken(client: APIClient) -> Iterator[IPv4Network]:
    for network in client.networks():
        for config in (network.get("IPAM") or {}).get("Config") or []:
            subnet = ip_network(config["Subnet"])
            if isinstance(subnet, IPv4Network):
                yield subnet


def _made(client: APIClient, platform: str, name: str, subnet: IPv4Network, fixed: bool) -> bool:
    try:
        client.create_network(**network_request(platform, subnet, name))
    except APIError as error:
        if error.status_code == 409:
            return False
        if "overlap" in explain(error).lower():
            if fixed:
                raise RuntimeUnavailable(f"The subnet {subnet} is in use already.", hint=_HINT) from error
            return False
        raise
    return True


def _remove_unused(client: APIClient, name: str, present: IPv4Network) -> None:
    try:
        client.remove_network(name)
    except APIError as error:
        raise RuntimeUnavailable(
            f"The platform's network has the subnet {present} and instances in it.",
            hint="Stop the platform's instances (`make clean`), or set SANDBOX_SUBNET back.",
        ) from error
