"""A container that waits becomes an instance: a new name, its limits, and the code to the process in it."""

import socket
from typing import Any

from docker import APIClient

from sandbox_server.runtime.base import ContainerSpec
from sandbox_server.runtime.request import SHARES

_PATIENCE = 10
"""Seconds in which the process takes some more of what it is given."""


def claim_container(client: APIClient, container: str, spec: ContainerSpec, code: bytes) -> None:
    """See `Runtime.claim`. Blocks."""
    client.rename(container, spec.name)
    # Together, since the one cannot be above the other even for a moment.
    client.update_container(container, mem_limit=spec.memory, memswap_limit=spec.memory, cpu_shares=SHARES)
    _hand_over(client, container, code)


def _hand_over(client: APIClient, container: str, code: bytes) -> None:
    """To the standard input of the container's own process: nothing is run beside it."""
    holder: Any = client.attach_socket(container, params={"stdin": 1, "stream": 1})
    way: socket.socket = getattr(holder, "_sock", holder)
    try:
        way.settimeout(_PATIENCE)
        way.sendall(code)
        way.shutdown(socket.SHUT_WR)
    finally:
        holder.close()
