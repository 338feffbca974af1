"""Which addresses are this machine's own: only what the settings name may be asked there."""

import contextlib
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

_NAT64 = 0x64FF9B << 64


def is_own(text: str) -> bool:
    """Loopback, its neighbourhood (as clouds' metadata), any address of its interfaces; also written as IPv6."""
    return any(
        one.is_loopback or one.is_link_local or one.is_unspecified or _is_ours(one)
        for one in _meant(ip_address(text.partition("%")[0]))
    )


def _meant(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """The address, and the IPv4 address that is inside it."""
    yield address
    if isinstance(address, IPv6Address):
        for inner in (address.ipv4_mapped, address.sixtofour):
            if inner:
                yield inner
        if int(address) >> 32 in (0, _NAT64):
            yield IPv4Address(int(address) & 0xFFFFFFFF)


def _is_ours(address: IPv4Address | IPv6Address) -> bool:
    """Only an address of this machine can be taken by a socket."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((str(address), 0))
        return True
    return False
